/** When what was out of reach, so that a refusal can be judged by it. */

interface Interval {
  readonly fromMs: number;
  toMs: number;
}

export class Outages {
  readonly #intervals: Interval[] = [];
  readonly #lingerMs: number;

  /** What went wrong during an outage may show this much later. */
  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs;
  }

  /** An outage begins; the result ends it. */
  begin(): () => void {
    const interval = { fromMs: Date.now(), toMs: Infinity };
    this.#intervals.push(interval);
    return () => {
      interval.toMs = Date.now();
    };
  }

  /** Whether anything was out at some time between the two. */
  overlaps(fromMs: number, toMs: number): boolean {
    return this.#intervals.some((outage) => outage.fromMs <= toMs && outage.toMs + this.#lingerMs >= fromMs);
  }
}
