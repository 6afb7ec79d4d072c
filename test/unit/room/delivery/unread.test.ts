import { beforeEach, describe, expect, it } from "vitest";
import { V1, V2, type Protocol } from "../../../../src/protocol/subprotocol.ts";
import { UnreadAccount } from "../../../../src/room/delivery/unread.ts";
import { newFlow, wakeFlow } from "../../../../src/room/delivery/flow-control.ts";
import type { Session } from "../../../../src/room/delivery/session.ts";
import { Isolate } from "../../../../src/room/isolate/isolate.ts";
import { WeakMembers } from "../../../../src/room/isolate/weak-members.ts";
import { makeSession } from "../../../support/model/session.ts";

const MAX = 1_000;
const NOW = 10_000;

let isolate = new Isolate();
let born = 0;

beforeEach(() => {
  isolate = new Isolate();
});

/** The account of a room of its own, in the isolate of the test. */
const account = (maxBytes: number, id = `room ${++born}`): UnreadAccount => new UnreadAccount(maxBytes, isolate, id);

/** A session with so many bytes sent and not proven, that owes a ping for so long. */
function session(protocol: Protocol, bytes: number, owedMs: number | null = null): Session {
  const flow = newFlow(protocol, null);
  flow.sentBytes = bytes;
  flow.owedSinceMs = owedMs === null ? null : NOW - owedMs;
  return makeSession({ socket: { send: () => {}, close: () => {} }, protocol, flow });
}

const noPing = (): void => {};
const measure = (backlog: UnreadAccount, ...sessions: Session[]): Session[] =>
  backlog.toShed(new Set(sessions), noPing, NOW);

describe("UnreadAccount", () => {
  it("[B1] holds what gives no sign of being read, and what was closed and has not drained", () => {
    const backlog = account(MAX);
    const reader = session(V2, 300);
    const patient = session(V2, 200, 5_000);
    const late = session(V2, 150, 5_001);
    const old = session(V1, 100);
    measure(backlog, reader, patient, late, old);
    expect(backlog.bytes).toEqual({ suspect: 250, undrained: 0 });
    backlog.left(late, true);
    expect(backlog.bytes).toEqual({ suspect: 100, undrained: 150 });
    backlog.left(old, false);
    expect([backlog.bytes, backlog.undrained]).toEqual([{ suspect: 0, undrained: 150 }, 1]);
    backlog.drained(late.socket);
    expect([backlog.bytes, backlog.undrained]).toEqual([{ suspect: 0, undrained: 0 }, 0]);
  });

  it("[B1] a socket that had read everything when it was closed is nothing to wait for", () => {
    const backlog = account(MAX);
    backlog.left(session(V2, 0), true);
    expect(backlog.undrained).toBe(0);
  });

  it("[B1] [U4] what had left the relay when the room fell asleep is in no queue", () => {
    const backlog = account(MAX);
    const late = session(V2, 150, 5_001);
    const woken: Session = { ...late, flow: wakeFlow(late.flow, V2, null, Infinity) };
    measure(backlog, woken);
    expect(backlog.bytes).toEqual({ suspect: 0, undrained: 0 });
    woken.flow.sentBytes += 70;
    backlog.left(woken, true);
    expect(backlog.bytes).toEqual({ suspect: 0, undrained: 70 });
  });

  it("[B1] is over only past its bound, all rooms of the isolate together", () => {
    const here = account(MAX);
    const there = account(MAX);
    measure(here, session(V1, 400));
    measure(there, session(V1, 600));
    expect([here.isOver, there.isOver]).toEqual([false, false]);
    there.left(session(V1, 1), true);
    expect([here.isOver, there.isOver]).toEqual([true, true]);
    there.end();
    expect(here.isOver).toBe(false);
  });

  it("[B1] sheds the worst first, and no more than the excess", () => {
    const sessions = [300, 900, 500].map((bytes) => session(V1, bytes));
    expect(measure(account(MAX), ...sessions)).toEqual([sessions[1]]);
    isolate = new Isolate();
    expect(measure(account(MAX), ...sessions, session(V1, 201))).toEqual([sessions[1], sessions[2]]);
  });

  it("[B1] sheds nobody within the bound, and nobody who gives signs of reading", () => {
    expect(measure(account(MAX), session(V1, 1_000))).toEqual([]);
    isolate = new Isolate();
    const late = session(V2, 1_001, 5_001);
    const others = [session(V2, 5_000), session(V2, 6_000, 5_000), session(V1, 0)];
    expect(measure(account(MAX), ...others, late)).toEqual([late]);
  });

  it("[B1] looks at everybody's last ping before it judges, and again at the sum", () => {
    const late = session(V2, 600, 9_000);
    const other = session(V2, 600, 9_000);
    const prove = (looked: Session): void => {
      if (looked === late) late.flow.owedSinceMs = null;
    };
    expect(account(MAX).toShed(new Set([late, other]), prove, NOW)).toEqual([]);
    late.flow.owedSinceMs = 0;
    isolate = new Isolate();
    expect(measure(account(1_100), late, other)).toHaveLength(1);
  });

  it("[B1] what was closed and has not drained costs the others at most three quarters of the bound", () => {
    const backlog = account(MAX);
    const keep = session(V1, 250);
    backlog.left(session(V1, 900), true);
    expect(measure(backlog, keep)).toEqual([]);
    isolate = new Isolate();
    const next = account(MAX);
    next.left(session(V1, 900), true);
    expect(measure(next, session(V1, 1), keep)).toEqual([keep]);
  });

  it("[B1] sheds the worst of the isolate, each room its own", () => {
    const here = account(MAX);
    const there = account(MAX);
    const worst = session(V1, 999);
    const next = session(V1, 100);
    measure(there, worst);
    expect(measure(here, session(V1, 2), next)).toEqual([]);
    const shed = there.toShed(new Set([worst]), noPing, NOW + 250);
    expect(shed).toEqual([worst]);
    for (const gone of shed) there.left(gone, true);
    expect(here.toShed(new Set([next, session(V1, 151)]), noPing, NOW + 250)).toHaveLength(1);
  });

  it("[B1] one room sheds for what lies in another", () => {
    const here = account(MAX);
    const there = account(MAX);
    measure(there, session(V1, 600));
    const mine = session(V1, 601);
    expect(measure(here, session(V1, 2), mine)).toEqual([mine]);
  });

  it("[B1] an object made anew begins with nothing, whatever its last instance had in the account", () => {
    const before = account(MAX, "object");
    const other = account(MAX, "other");
    before.left(session(V1, 1_001), true);
    expect(other.isOver).toBe(true);
    isolate.forget("object");
    expect(other.isOver).toBe(false);
    const after = account(MAX, "object");
    before.left(session(V1, 1_001), true);
    expect([after.isOver, other.isOver]).toEqual([false, false]);
  });

  it("[B1] adds up four times a second at most", () => {
    const backlog = account(MAX);
    const wedged = session(V1, 2_000);
    const at = (nowMs: number): Session[] => backlog.toShed(new Set([wedged]), noPing, nowMs);
    expect(at(NOW)).toEqual([wedged]);
    expect(at(NOW + 249)).toEqual([]);
    expect(at(NOW + 250)).toEqual([wedged]);
  });
});

describe("WeakMembers", () => {
  it("[B1] [B3] has one member for each owner, until it is deleted or collected", () => {
    let isCollected = false;
    const members = new WeakMembers<object>((member) => ({ deref: () => (isCollected ? undefined : member) }));
    const one = { name: "one" };
    const two = { name: "two" };
    members.set("a", two);
    members.set("a", one);
    members.set("b", two);
    expect([...members]).toEqual([one, two]);
    members.delete("a");
    members.delete("a");
    expect([...members]).toEqual([two]);
    members.set("a", one);
    expect(members.count()).toBe(2);
    isCollected = true;
    expect(members.count()).toBe(0);
  });
});
