/** Whether a process's memory stays flat, and its table. Pure. */
import { median } from "../bench/stats.ts";

export interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

const MIB = 1024 * 1024;
const BUCKET_MS = 5 * 60_000;
const MAX_GROWTH = 1.1;
/** The garbage of a runtime moves by so much at any time. */
const SLACK_BYTES = 24 * MIB;

export const FLAT_MEANS =
  "flat: after the first five minutes (of a shorter run the first third) the median of the second half is at most 10 % and 24 MiB above that of the first half";

export interface Verdict {
  readonly flat: boolean;
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

/** `samples` ascend in time. */
export function judgeMemory(samples: readonly Sample[], runMs: number): Verdict {
  const fromMs = Math.min(BUCKET_MS, runMs / 3);
  const middleMs = (fromMs + runMs) / 2;
  const of = (from: number, to: number): number =>
    median(samples.filter(({ atMs }) => atMs >= from && atMs < to).map(({ bytes }) => bytes));
  const beforeBytes = of(fromMs, middleMs);
  const afterBytes = of(middleMs, Infinity);
  return { flat: afterBytes <= beforeBytes * MAX_GROWTH + SLACK_BYTES, beforeBytes, afterBytes };
}

/** A line for each five minutes. */
export function memoryRows(samples: readonly Sample[]): string[][] {
  const rows: string[][] = [];
  const last = samples.at(-1)?.atMs ?? 0;
  for (let from = 0; from <= last; from += BUCKET_MS) {
    const bytes = samples.filter(({ atMs }) => atMs >= from && atMs < from + BUCKET_MS).map((sample) => sample.bytes);
    if (bytes.length === 0) continue;
    const to = Math.min(last, from + BUCKET_MS);
    rows.push([
      `${(from / 60_000).toFixed(0)} to ${(to / 60_000).toFixed(1)} min`,
      inMib(median(bytes)),
      inMib(Math.max(...bytes)),
    ]);
  }
  return rows;
}

export function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(0)} MiB`;
}
