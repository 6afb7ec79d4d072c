/** Events a second and their lag over the last minute, in one bucket for every second. */

export const SPAN_SECONDS = 60;
/** Enough for a median, little enough to sort every second. */
const MAX_LAGS = 500;

export interface Second {
  readonly count: number;
  /** Median of arrival minus `time`; null when no event told its time. */
  readonly lagMs: number | null;
}

interface Bucket {
  count: number;
  lags: number[];
}

export class Pulse {
  readonly #buckets = new Map<number, Bucket>();
  readonly #medians = new Map<number, number | null>();

  count(nowMs: number, time: string): void {
    const second = Math.floor(nowMs / 1000);
    let bucket = this.#buckets.get(second);
    if (bucket === undefined) {
      this.#forgetBefore(second - SPAN_SECONDS);
      bucket = { count: 0, lags: [] };
      this.#buckets.set(second, bucket);
    }
    bucket.count += 1;
    if (bucket.lags.length >= MAX_LAGS || time === "") return;
    const lagMs = nowMs - Date.parse(time);
    if (!Number.isNaN(lagMs)) bucket.lags.push(lagMs);
  }

  /** The last whole seconds, oldest first; the current one is not over yet. */
  series(nowMs: number): readonly Second[] {
    const now = Math.floor(nowMs / 1000);
    this.#forgetBefore(now - SPAN_SECONDS);
    return Array.from({ length: SPAN_SECONDS }, (_, index) => {
      const second = now - SPAN_SECONDS + index;
      const count = this.#buckets.get(second)?.count ?? 0;
      return { count, lagMs: count === 0 ? null : this.#medianOf(second) };
    });
  }

  #medianOf(second: number): number | null {
    const known = this.#medians.get(second);
    if (known !== undefined) return known;
    const bucket = this.#buckets.get(second);
    const median = medianOf(bucket?.lags ?? []);
    this.#medians.set(second, median);
    if (bucket !== undefined) bucket.lags = [];
    return median;
  }

  #forgetBefore(second: number): void {
    for (const map of [this.#buckets, this.#medians]) {
      for (const key of map.keys()) if (key < second) map.delete(key);
    }
  }
}

const medianOf = (values: readonly number[]): number | null =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;

export const rateWords = (count: number): string => `${count.toLocaleString("en-US")}/s`;

/** Negative when the publisher's clock is ahead of this one: told, not hidden. */
export function lagWords(lagMs: number | null): string {
  if (lagMs === null) return "–";
  const sign = lagMs < 0 ? "−" : "";
  const ms = Math.abs(lagMs);
  if (ms < 1_000) return `${sign}${Math.round(ms)} ms`;
  if (ms < 60_000) return `${sign}${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${sign}${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${sign}${Math.round(ms / 3_600_000)} h`;
  return `${sign}${Math.round(ms / 86_400_000)} days`;
}

export interface SparkView {
  readonly value: string;
  /** The line for who cannot see it. */
  readonly text: string;
  /** Heights from 0 to 1, oldest first; null where there is nothing to draw. */
  readonly points: readonly (number | null)[];
}

export function rateView(series: readonly Second[]): SparkView {
  const counts = series.map(({ count }) => count);
  const highest = Math.max(...counts);
  const value = rateWords(counts.at(-1) ?? 0);
  return {
    value,
    text: `Events a second over the last minute: now ${value}, highest ${rateWords(highest)}`,
    points: counts.map((count) => (highest === 0 ? 0 : count / highest)),
  };
}

export function lagView(series: readonly Second[]): SparkView {
  const lags = series.map(({ lagMs }) => lagMs);
  const known = lags.filter((lagMs) => lagMs !== null);
  const highest = Math.max(1, ...known);
  const value = lagWords(known.at(-1) ?? null);
  const text =
    known.length === 0
      ? "Lag over the last minute: no event told its time"
      : `Lag over the last minute, from an event's own time to its arrival here: last ${value}, highest ${lagWords(Math.max(...known))}`;
  return { value, text, points: lags.map((lagMs) => (lagMs === null ? null : Math.max(0, lagMs) / highest)) };
}

/** The path of a sparkline: a gap where a second has nothing to draw, a dot where it stands alone. */
export function sparkPath(points: readonly (number | null)[], width: number, height: number): string {
  const step = width / Math.max(1, points.length - 1);
  const isDrawn = (index: number): boolean => typeof points[index] === "number";
  const parts = points.map((point, index) => {
    if (point === null) return "";
    const x = round(index * step);
    const y = round(height - point * height);
    if (isDrawn(index - 1)) return `L${x} ${y}`;
    return isDrawn(index + 1) ? `M${x} ${y}` : `M${Math.min(x, width - 1)} ${y}h1`;
  });
  return parts.join("");
}

const round = (value: number): number => Math.round(value * 100) / 100;
