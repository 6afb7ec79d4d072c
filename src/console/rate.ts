/** Events per second over the last few seconds, from samples of a running total. */

export interface Sample {
  readonly atMs: number;
  readonly total: number;
}

const SPAN_MS = 3_000;

/** Keeps one sample at or beyond the span, so that the rate always has a base to count from. */
export function sampled(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const kept = [...samples, sample];
  while (kept.length > 2 && (kept[1]?.atMs ?? 0) <= sample.atMs - SPAN_MS) kept.shift();
  return kept;
}

export function perSecond(samples: readonly Sample[]): number {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
  return (last.total - first.total) / ((last.atMs - first.atMs) / 1000);
}

export function rateWords(rate: number): string {
  if (rate === 0) return "0/s";
  return rate < 10 ? `${rate.toFixed(1)}/s` : `${Math.round(rate).toLocaleString("en-US")}/s`;
}
