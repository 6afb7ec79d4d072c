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

  /** When the last of them began; null when there was none. */
  get lastBeginMs(): number | null {
    return this.#intervals.at(-1)?.fromMs ?? null;
  }

  /** When the last of them was over: Infinity while it goes on, 0 when there was none. */
  get lastEndMs(): number {
    return this.#intervals.at(-1)?.toMs ?? 0;
  }

  /** How many have begun or ended by then. */
  stepsBy(atMs: number): number {
    return this.#intervals.reduce((sum, { fromMs, toMs }) => sum + Number(fromMs <= atMs) + Number(toMs <= atMs), 0);
  }

  /** Whether anything was out at some time between the two. */
  overlaps(fromMs: number, toMs: number): boolean {
    return this.#intervals.some((outage) => outage.fromMs <= toMs && outage.toMs + this.#lingerMs >= fromMs);
  }
}
