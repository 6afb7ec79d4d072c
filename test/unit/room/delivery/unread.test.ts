import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { V1, V2 } from "../../../../src/protocol/subprotocol.ts";
import { wakeFlow } from "../../../../src/room/delivery/flow-control.ts";
import type { Session } from "../../../../src/room/delivery/session.ts";
import { Accounts, close, inside, MAX, NOW, session } from "../../../support/model/unread.ts";

let accounts = new Accounts();

beforeEach(() => {
  accounts = new Accounts();
});

describe("the account of a room", () => {
  it("[B6] holds all unproven bytes from the first, and what was closed and has not drained", () => {
    const unread = accounts.account();
    const [reader, late, old] = [session(V2, 300), session(V2, 150, 5_001), session(V1, 100)];
    inside(unread, reader, late, old);
    expect(accounts.sums.total).toEqual({ v1Bytes: 100, v2Bytes: 450, undrainedBytes: 0, sessions: 3 });
    unread.left(late, true);
    unread.left(old, false);
    expect([accounts.sums.total, unread.undrained]).toEqual([
      { v1Bytes: 0, v2Bytes: 300, undrainedBytes: 150, sessions: 1 },
      1,
    ]);
    unread.drained(late.socket);
    unread.drained(late.socket);
    expect([accounts.sums.total.undrainedBytes, unread.undrained]).toEqual([0, 0]);
    unread.left(reader, false);
    unread.left(reader, true);
    expect([accounts.sums.total, unread.debts.size]).toEqual([
      { v1Bytes: 0, v2Bytes: 0, undrainedBytes: 0, sessions: 0 },
      0,
    ]);
  });

  it("[B7] a socket that had read everything when it was closed is nothing to wait for", () => {
    const unread = accounts.account();
    close(unread, session(V2, 0));
    expect(unread.undrained).toBe(0);
  });

  it("[B6] [U4] what had left the relay when the room fell asleep is in no queue", () => {
    const unread = accounts.account();
    const late = session(V2, 150, 5_001);
    const woken: Session = { ...late, flow: wakeFlow(late.flow, V2, null, Infinity) };
    unread.enter(woken);
    expect(accounts.sums.total.v2Bytes).toBe(0);
    woken.flow.sentBytes += 70;
    woken.flow.dueBytes += 220;
    unread.note(woken);
    expect(accounts.sums.total.v2Bytes).toBe(220);
  });

  it("[B7] is over only past its bound, all rooms of the isolate together, be one of them never looked at", () => {
    const [here, there] = [accounts.account(), accounts.account()];
    inside(here, session(V2, 400));
    inside(there, session(V2, 600));
    expect([here.isOver, there.isOver]).toEqual([false, false]);
    inside(there, session(V2, 1));
    expect([here.isOver, there.isOver]).toEqual([true, true]);
    there.end();
    expect([here.isOver, accounts.sums.total.v2Bytes]).toEqual([false, 400]);
  });

  it("[B7] an object made anew begins with nothing, whatever its last instance had in the account", () => {
    const before = accounts.account(MAX, "object");
    const other = accounts.account(MAX, "other");
    const old = session(V1, 1_001);
    inside(before, old);
    expect(other.isOver).toBe(true);
    accounts.sums.delete("object");
    expect(other.isOver).toBe(false);
    const after = accounts.account(MAX, "object");
    before.left(old, true);
    inside(before, session(V2, 2_000));
    expect([after.isOver, other.isOver, accounts.sums.total.sessions]).toEqual([false, false, 0]);
  });

  it("[B6] [B7] sums are those of the sockets at all times, whatever comes, is sent, proves, goes, drains or is made anew", () => {
    const step = fc.record({
      do: fc.constantFrom("enter", "send", "send", "prove", "age", "leave", "close", "drain", "renew", "refresh"),
      who: fc.nat(30),
      room: fc.nat(2),
      bytes: fc.nat(900),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
        accounts = new Accounts();
        const rooms = [0, 1, 2].map((n) => ({
          account: accounts.account(MAX, `${n}`),
          open: [] as Session[],
          closed: [] as [Session, number][],
        }));
        let nowMs = NOW;
        for (const { do: what, who, room: index, bytes } of steps) {
          const room = rooms[index];
          if (room === undefined) continue;
          const one = room.open[who % Math.max(1, room.open.length)];
          nowMs += 100;
          if (what === "enter") {
            const next = session(who % 2 === 0 ? V1 : V2, bytes, null, `grant ${who % 3}`);
            room.open.push(next);
            room.account.enter(next);
          } else if (what === "renew") {
            accounts.sums.delete(`${index}`);
            room.account = accounts.account(MAX, `${index}`);
            room.open = [];
            room.closed = [];
          } else if (what === "refresh") accounts.sums.refresh(nowMs);
          else if (what === "age") room.account.age(nowMs);
          else if (what === "drain") {
            const [[gone] = []] = room.closed.splice(0, 1);
            if (gone !== undefined) room.account.drained(gone.socket);
          } else if (one === undefined) continue;
          else if (what === "send" || what === "prove") {
            if (what === "send") one.flow.dueBytes = one.flow.sentBytes += bytes;
            else one.flow.provenBytes = Math.min(one.flow.sentBytes, one.flow.provenBytes + bytes);
            room.account.note(one);
          } else {
            room.open = room.open.filter((other) => other !== one);
            room.account.left(one, what === "close");
            const left = one.flow.sentBytes - one.flow.provenBytes;
            if (what === "close" && left > 0) room.closed.push([one, left]);
          }
          const expected = { v1Bytes: 0, v2Bytes: 0, undrainedBytes: 0, sessions: 0 };
          const owed = new Map<string, number>();
          for (const { open, closed } of rooms) {
            for (const { protocol, flow } of open) {
              expected[protocol === V2 ? "v2Bytes" : "v1Bytes"] += flow.sentBytes - flow.provenBytes;
              expected.sessions += 1;
            }
            for (const [{ grantId }, left] of closed) {
              expected.undrainedBytes += left;
              owed.set(grantId, (owed.get(grantId) ?? 0) + left);
            }
          }
          expect(accounts.sums.total).toEqual(expected);
          for (const grantId of ["grant 0", "grant 1", "grant 2"]) {
            const own = owed.get(grantId) ?? 0;
            expect(accounts.sums.undrainedOf(grantId)).toBe(own);
            // Nobody is refused who owns less than half of what does not drain.
            if (own * 2 < expected.undrainedBytes) expect(accounts.refuses(grantId)).toBe(false);
          }
          expect(accounts.sums.isShared).toBe(
            new Set(rooms.flatMap(({ open }) => open.map(({ grantId }) => grantId))).size > 1,
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});
