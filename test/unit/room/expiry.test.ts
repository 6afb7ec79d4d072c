import { describe, expect, it } from "vitest";
import { Expiry } from "../../../src/room/expiry.ts";
import type { Session } from "../../../src/room/delivery/session.ts";
import { V2 } from "../../../src/protocol/subprotocol.ts";
import { ModelClock } from "../../support/model/clock.ts";
import { makeSession } from "../../support/model/session.ts";

const SOCKET = { send: () => {}, close: () => {} };

function room(isAwake = true) {
  const clock = new ModelClock();
  const sessions = new Set<Session>();
  const closed: number[] = [];
  const startMs = clock.nowMs;
  const expiry = new Expiry(
    clock.runtime,
    () => sessions,
    (session) => {
      sessions.delete(session);
      closed.push(clock.nowMs - startMs);
    },
  );
  expiry.keep(isAwake);
  const enter = (inMs: number | null): Session => {
    const session = makeSession({ socket: SOCKET, protocol: V2, expiresAtMs: inMs === null ? null : startMs + inMs });
    sessions.add(session);
    expiry.note(session);
    return session;
  };
  return { clock, expiry, closed, enter, startMs, sessions };
}

describe("Expiry", () => {
  it("[A3] closes each session at its expiry, in a room where nothing else happens", async () => {
    const { clock, closed, enter, sessions } = room();
    for (const inMs of [5_000, 1_000, 9_000, null, 5_000]) enter(inMs);
    await clock.advance(20_000);
    expect(closed).toEqual([1_000, 5_000, 5_000, 9_000]);
    expect(sessions.size).toBe(1);
    expect(clock.armed).toBe(0);
  });

  it("[A3] has no timer in a room that is asleep, and says when its alarm is due", async () => {
    const { clock, expiry, closed, enter, startMs } = room(false);
    enter(90_000);
    enter(60_000);
    enter(null);
    expect([clock.armed, expiry.earliestMs]).toEqual([0, startMs + 60_000]);
    await clock.advance(61_000);
    expect(closed).toEqual([]);
    expiry.check();
    expect(closed).toEqual([61_000]);
    expect([clock.armed, expiry.earliestMs]).toEqual([0, startMs + 90_000]);
  });

  it("[A3] lets go of its timer when the room falls asleep, and takes it up again", async () => {
    const { clock, expiry, closed, enter } = room();
    enter(5_000);
    expiry.keep(false);
    expect(clock.armed).toBe(0);
    await clock.advance(6_000);
    expiry.keep(true);
    await clock.advance(0);
    expect(closed).toEqual([6_000]);
  });

  it("[V8] [A3] goes by the expiry that a renewal put off, and by one that it brought forward", async () => {
    const { clock, expiry, closed, enter, startMs } = room();
    const [later, sooner] = [enter(2_000), enter(60_000)];
    later.expiresAtMs = startMs + 10_000;
    expiry.note(later);
    sooner.expiresAtMs = startMs + 3_000;
    expiry.note(sooner);
    await clock.advance(20_000);
    expect(closed).toEqual([3_000, 10_000]);
  });

  it("[V8] [A3] waits a second for a token that is being checked, and no longer", async () => {
    const { clock, closed, enter } = room();
    enter(2_000).isRenewing = true;
    await clock.advance(2_999);
    expect(closed).toEqual([]);
    await clock.advance(1);
    expect(closed).toEqual([3_000]);
  });

  it("[A3] waits for an expiry that is further away than a timer reaches", async () => {
    const { clock, closed, enter } = room();
    enter(40 * 86_400_000);
    await clock.advance(120_000);
    expect([closed, clock.armed]).toEqual([[], 1]);
  });

  it("[A3] [P11] goes by the wall clock, when that is set back", async () => {
    const { clock, closed, enter } = room();
    enter(5_000);
    await clock.advance(1_000);
    clock.setBack(10_000);
    await clock.advance(13_000);
    expect(closed).toEqual([]);
    await clock.advance(62_000);
    expect(closed).toHaveLength(1);
  });
});
