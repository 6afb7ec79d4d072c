/** The few numbers a benchmark may say. Pure. */

/** Several rounds of one measurement. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Percentiles of one round's samples. */
export interface Tail {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >>> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

export function spread(values: readonly number[]): Spread {
  if (values.length === 0) return { median: Number.NaN, min: Number.NaN, max: Number.NaN };
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Nearest rank: the smallest sample that at least `share` of all samples do not exceed. `sorted` ascends. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.max(1, Math.ceil(sorted.length * share));
  return sorted[Math.min(rank, sorted.length) - 1] as number;
}

/** Sorts `samples` in place. */
export function tail(samples: Float64Array): Tail {
  samples.sort();
  return {
    count: samples.length,
    p50: percentile(samples, 0.5),
    p99: percentile(samples, 0.99),
    p999: percentile(samples, 0.999),
    max: percentile(samples, 1),
  };
}

/** The median of each percentile over the rounds. */
export function medianTail(rounds: readonly Tail[]): Tail {
  const of = (pick: (round: Tail) => number): number => median(rounds.map(pick));
  return {
    count: of((round) => round.count),
    p50: of((round) => round.p50),
    p99: of((round) => round.p99),
    p999: of((round) => round.p999),
    max: of((round) => round.max),
  };
}
