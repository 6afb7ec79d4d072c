import { afterEach, describe, expect, it, vi } from "vitest";
import { Costs } from "../../../src/room/costs.ts";
import { Isolate } from "../../../src/room/isolate/isolate.ts";
import { TURN_EVENTS } from "../../../src/room/isolate/pace.ts";
import { ModelClock } from "../../support/model/clock.ts";

const clock = new ModelClock();

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A room with clients of these credentials. */
function room(isolate: Isolate, id: string, ...credentials: readonly string[]): Costs & { turns: number } {
  const costs: Costs & { turns: number } = Object.assign(
    new Costs(clock.runtime, isolate, id, () => (costs.turns += 1)),
    { turns: 0 },
  );
  for (const grantId of credentials) costs.entered({ grantId });
  return costs;
}

describe("Costs", () => {
  it("[B7] a room alone in its isolate asks for whole pulls, whatever it reads", () => {
    const busy = room(new Isolate(), "1", "a");
    busy.spent(50_000, 1);
    expect([busy.firstAllowance, busy.allowance(0)]).toEqual([Infinity, Infinity]);
  });

  it("[B7] beside others the heaviest credential asks for little, and in turns once timers are late", async () => {
    const isolate = new Isolate();
    const [heavy, next, quiet] = [room(isolate, "1", "a"), room(isolate, "2", "a"), room(isolate, "3", "b")];
    heavy.spent(50_000, 1);
    quiet.spent(5, 1);
    expect([heavy.allowance(0), quiet.allowance(0)]).toEqual([TURN_EVENTS, Infinity]);
    for (let ms = 0; ms < 10_000; ms += 100) isolate.pace.came(100, clock.nowMs + ms);
    expect(heavy.allowance(0)).toBe(TURN_EVENTS);
    expect(next.allowance(0)).toBe(0);
    expect(quiet.allowance(0)).toBe(Infinity);
    await clock.advance(1_000);
    expect(next.turns).toBe(1);
    next.stop();
  });

  it("[B7] a room is not held back for what one of its clients does elsewhere", () => {
    const isolate = new Isolate();
    const [busy, shared] = [room(isolate, "1", "a"), room(isolate, "2", "a", "b")];
    busy.spent(50_000, 1);
    shared.spent(100, 2);
    expect([busy.allowance(0), shared.allowance(0)]).toEqual([TURN_EVENTS, Infinity]);
    shared.left({ grantId: "b" });
    room(isolate, "3", "b");
    expect(shared.allowance(0)).toBe(TURN_EVENTS);
  });
});
