import { describe, expect, it } from "vitest";
import { nextInLine } from "../../../../src/room/replay/line.ts";
import { ISOLATE_TERM_MS, Turn } from "../../../../src/room/replay/turn.ts";

const NOW_MS = 1_000_000;
const KIB = 1024;

/** Takes so much a second for so long; something lies ready all the time, or for a tenth of it. */
function taken(kibPerSecond: number, seconds: number, isAlwaysReady = true): boolean {
  const turn = new Turn();
  for (let ms = 0; ms <= seconds * 1_000; ms += 100) {
    turn.serving((kibPerSecond * KIB) / 10, NOW_MS + ms);
    if (isAlwaysReady) continue;
    turn.serving(0, NOW_MS + ms + 10);
    turn.pulling();
  }
  return turn.isOver(NOW_MS + seconds * 1_000);
}

describe("Turn", () => {
  it("[U1] is over after 5 s of less than 256 KiB/s, and else after 10 s", () => {
    expect([taken(100, 4.9), taken(100, 5), taken(250, 5)]).toEqual([false, true, true]);
    expect([taken(300, 5), taken(300, 9.9), taken(300, 10)]).toEqual([false, false, true]);
  });

  it("[B7] is longer for who waits in other rooms, but not that of a slow one", () => {
    const turn = new Turn();
    for (let ms = 0; ms <= 29_900; ms += 100) turn.serving(300 * KIB, NOW_MS + ms);
    expect(turn.isOver(NOW_MS + 29_900, ISOLATE_TERM_MS)).toBe(false);
    expect(turn.isOver(NOW_MS + 30_000, ISOLATE_TERM_MS)).toBe(true);
    const slow = new Turn();
    for (let ms = 0; ms <= 5_000; ms += 100) slow.serving(KIB, NOW_MS + ms);
    expect(slow.isOver(NOW_MS + 5_000, ISOLATE_TERM_MS)).toBe(true);
  });

  it("[U1] does not hold the broker's slowness against those who read", () => {
    expect(taken(100, 9.9, false)).toBe(false);
    const turn = new Turn();
    turn.pulling();
    expect(turn.isOver(NOW_MS + 100_000)).toBe(false);
  });
});

describe("nextInLine", () => {
  const line = [
    { credential: "a", n: 1 },
    { credential: "a", n: 2 },
    { credential: "b", n: 3 },
    { credential: "b", n: 4 },
  ];

  it("[U1] takes the oldest request, of the credential with the fewest replays", () => {
    expect(nextInLine(line, new Map())?.n).toBe(1);
    expect(nextInLine(line, new Map([["a", 1]]))?.n).toBe(3);
    expect(nextInLine(line, new Map(Object.entries({ a: 1, b: 1 })))?.n).toBe(1);
    expect(nextInLine([], new Map())).toBeNull();
  });
});
