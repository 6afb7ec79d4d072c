import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Envelope } from "../../../../src/protocol/frames.ts";
import { Window } from "../../../../src/room/delivery/window.ts";
import { Isolate } from "../../../../src/room/isolate/isolate.ts";

const MIB = 1024 * 1024;

let isolate = new Isolate();
let born = 0;

beforeEach(() => {
  isolate = new Isolate();
});

/** The window of a room of its own, in the isolate of the test. */
const newWindow = (from: number, maxBytes: number): Window => new Window(from, maxBytes, isolate, `room ${++born}`);

function envelope(seq: number, bytes: number): Envelope {
  return { seq, bytes, text: String(seq), subject: "s", timeMs: 0, timeNanos: 0 };
}

/** The window as a list that is cut. */
class NaiveWindow {
  entries: Envelope[] = [];
  from: number;
  readonly #maxBytes: number;

  constructor(from: number, maxBytes: number) {
    this.from = from;
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  push(next: Envelope): void {
    this.entries = [...this.entries, next];
    while (this.bytes > this.#maxBytes) {
      const [oldest, ...rest] = this.entries;
      this.from = oldest?.seq ?? this.from;
      this.entries = rest;
    }
  }

  after(cursor: number, maxBytes: number): Envelope[] {
    const found: Envelope[] = [];
    let bytes = 0;
    for (const entry of this.entries) {
      if (entry.seq <= cursor || bytes >= maxBytes) continue;
      found.push(entry);
      bytes += entry.bytes;
    }
    return found;
  }
}

const reading = { above: fc.nat(30), maxBytes: fc.nat(100) };
const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant("push" as const),
      ...reading,
      gap: fc.integer({ min: 1, max: 4 }),
      bytes: fc.integer({ min: 1, max: 60 }),
    }),
    fc.record({ do: fc.constant("reset" as const), ...reading }),
  ),
  { maxLength: 80, size: "max" },
);

describe("Window", () => {
  it("[B3] is a list that is cut to its bytes at the front", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 50, 200, 2_000), steps, (maxBytes, list) => {
        const window = newWindow(7, maxBytes);
        let naive = new NaiveWindow(7, maxBytes);
        let seq = 7;
        for (const step of list) {
          if (step.do === "push") {
            seq += step.gap;
            window.push(envelope(seq, step.bytes));
            naive.push(envelope(seq, step.bytes));
          } else if (step.do === "reset") {
            seq += 3;
            window.reset(seq);
            naive = new NaiveWindow(seq, maxBytes);
          }
          const cursor = window.from + step.above;
          expect(window.after(cursor, step.maxBytes)).toEqual(naive.after(cursor, step.maxBytes));
          expect({ from: window.from, bytes: window.bytes, size: window.size }).toEqual({
            from: naive.from,
            bytes: naive.bytes,
            size: naive.entries.length,
          });
          expect(window.bytes).toBeLessThanOrEqual(maxBytes);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("[B3] knows every match after its lower edge over tens of thousands of events", () => {
    const window = newWindow(0, 10_000);
    for (let seq = 1; seq <= 30_000; seq++) window.push(envelope(seq, 10));
    expect(window.from).toBe(29_000);
    expect(window.after(29_000, Infinity).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => 29_001 + i),
    );
    expect(window.after(29_990, 25).map(({ seq }) => seq)).toEqual([29_991, 29_992, 29_993]);
    expect(window.after(30_000, 100)).toEqual([]);
  });

  it("[B3] forgets an event larger than itself, and says from where it knows", () => {
    const window = newWindow(0, 100);
    window.push(envelope(1, 60));
    window.push(envelope(2, 101));
    expect({ from: window.from, size: window.size, bytes: window.bytes }).toEqual({ from: 2, size: 0, bytes: 0 });
  });

  it("[B3] [P20] holds nothing of what it has forgotten", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const window = newWindow(0, 2_000);
    const pushed: WeakRef<Envelope>[] = [];
    for (let seq = 1; seq <= 100; seq++) {
      const entry = envelope(seq, 1_000);
      pushed.push(new WeakRef(entry));
      window.push(entry);
    }
    // A WeakRef holds its target until the turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    const held = pushed.flatMap((ref) => ref.deref()?.seq ?? []);
    expect(held).toEqual(window.after(98, Infinity).map(({ seq }) => seq));
  });

  it("[B3] shares 32 MiB with the other windows of the isolate", () => {
    const windows = Array.from({ length: 64 }, () => newWindow(0, 4 * MIB));
    for (const window of windows) for (let seq = 1; seq <= 300; seq++) window.push(envelope(seq, 8 * 1024));
    const bytes = windows.reduce((sum, window) => sum + window.bytes, 0);
    expect(bytes).toBeLessThanOrEqual(32 * MIB);
    expect(bytes).toBeGreaterThan(30 * MIB);
  });

  it("[B3] takes its share anew when other windows come or go", () => {
    const window = newWindow(0, 4 * MIB);
    const fill = (from: number, to: number): void => {
      for (let seq = from; seq < to; seq++) window.push(envelope(seq, 8 * 1024));
    };
    fill(1, 1_025);
    expect(window.bytes).toBe(4 * MIB);
    const others = Array.from({ length: 15 }, () => newWindow(0, 4 * MIB));
    fill(1_025, 1_300);
    expect(window.bytes).toBe(2 * MIB);
    expect(others.every(({ size }) => size === 0)).toBe(true);
  });
});
