/**
 * How many log lines of one name an isolate prints (O3): ten in each fixed minute, and after its end how many were
 * left out. Pure: the time comes in.
 */

export const LINES_A_MINUTE = 10;
const MINUTE_MS = 60_000;

/** Lines of one name that a minute left out. */
export interface LeftOut {
  readonly name: string;
  readonly leftOut: number;
}

export class LineBudget {
  /** Number of the minute that the counts are of. */
  #minute = -1;
  readonly #counts = new Map<string, number>();

  /** Takes note of a line; false when it is one too many. Call `over` first. */
  take(name: string, nowMs: number): boolean {
    this.#minute = minuteOf(nowMs);
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count <= LINES_A_MINUTE;
  }

  /** True while something is left out that was not said. */
  get owes(): boolean {
    return [...this.#counts.values()].some((count) => count > LINES_A_MINUTE);
  }

  /** How long the minute of what was left out still takes; 0 when it is over, or the clock was set back. */
  endsInMs(nowMs: number): number {
    return minuteOf(nowMs) === this.#minute ? MINUTE_MS - (nowMs % MINUTE_MS) : 0;
  }

  /** What was left out, once its minute is over (also when the clock was set back); said once. */
  over(nowMs: number): readonly LeftOut[] {
    if (minuteOf(nowMs) === this.#minute) return [];
    const leftOut = [...this.#counts].map(([name, count]) => ({ name, leftOut: count - LINES_A_MINUTE }));
    this.#counts.clear();
    return leftOut.filter((entry) => entry.leftOut > 0);
  }
}

function minuteOf(nowMs: number): number {
  return Math.floor(nowMs / MINUTE_MS);
}
