import { beforeEach, describe, expect, it } from "vitest";
import { V1, V2 } from "../../../../src/protocol/subprotocol.ts";
import type { Session } from "../../../../src/room/delivery/session.ts";
import { Accounts, close, inside, NOW, session, shed, TIMEOUT_MS } from "../../../support/model/unread.ts";

let accounts = new Accounts();

beforeEach(() => {
  accounts = new Accounts();
});

describe("what is shed", () => {
  it("[B7] the worst first, and no more than the excess", () => {
    const sessions = [300, 900, 500].map((bytes) => session(V1, bytes));
    const unread = accounts.account();
    inside(unread, ...sessions);
    expect(shed(unread)).toEqual([sessions[1]]);
    inside(unread, session(V1, 201));
    expect(shed(unread, NOW + 250)).toEqual([sessions[1], sessions[2]]);
  });

  it("[B6] [B7] nobody within the bound, and no v2 client that does not owe a ping for more than 5 s", () => {
    const unread = accounts.account();
    inside(unread, session(V1, 1_000));
    expect(shed(unread)).toEqual([]);
    accounts = new Accounts();
    const next = accounts.account();
    const late = session(V2, 1_001, 5_001);
    inside(next, session(V2, 5_000), session(V2, 6_000, 5_000), session(V1, 0), late);
    expect(shed(next)).toEqual([late]);
  });

  it("[B5] a v1 client that was sent 20 KB a second or less is left alone until v1 itself is past the bound", () => {
    const unread = accounts.account(3_000_000);
    const [fair, fast] = [session(V1, 1_031_250), session(V1, 1_031_251)];
    inside(unread, fair, fast);
    close(unread, session(V2, 2_000_000));
    expect(shed(unread)).toEqual([fast]);
    unread.left(fast, false);
    expect(shed(unread, NOW + 250)).toEqual([]);
    inside(unread, ...[1, 2, 3].map(() => session(V1, 999_999)));
    // One of them brings v1 back to the bound.
    expect(shed(unread, NOW + 500)).toEqual([fair]);
  });

  it("[B7] after a look at everybody's last ping", () => {
    const unread = accounts.account();
    const [late, other] = [session(V2, 600, 9_000), session(V2, 600, 9_000)];
    inside(unread, late, other);
    const prove = (looked: Session): void => {
      if (looked === late) late.flow.owedSinceMs = null;
    };
    expect(unread.toShed(prove, NOW)).toEqual([]);
  });

  it("[B7] of the credential that owns what does not drain, before all others", () => {
    const unread = accounts.account();
    const [own, worse] = [session(V1, 300, null, "a"), session(V1, 400, null, "b")];
    inside(unread, own, worse);
    close(unread, session(V2, 500, null, "a"));
    // Within the fair share, and not past the bound by itself: nobody.
    expect(shed(unread)).toEqual([]);
    const [stuck, stuckToo] = [session(V2, 100, 9_000, "a"), session(V2, 150, 9_000, "b")];
    inside(unread, stuck, stuckToo);
    expect(shed(unread, NOW + 250)).toEqual([stuck, stuckToo]);
    unread.left(own, false);
    expect(shed(unread, NOW + 500)).toEqual([stuck, stuckToo]);
    unread.left(worse, false);
    expect(shed(unread, NOW + 750)).toEqual([]);
  });

  it("[B7] what was closed and has not drained costs the others at most three quarters of the bound", () => {
    const unread = accounts.account();
    const keep = session(V2, 250, 9_000);
    inside(unread, keep);
    close(unread, session(V2, 900));
    expect(shed(unread)).toEqual([]);
    inside(unread, session(V2, 1, 9_000));
    expect(shed(unread, NOW + 250)).toEqual([keep]);
  });

  it("[B7] each room its own, and one for what lies in another", () => {
    const [here, there] = [accounts.account(), accounts.account()];
    const [worst, next] = [session(V1, 999), session(V1, 100)];
    inside(there, worst);
    inside(here, session(V1, 2), next);
    expect([shed(here), shed(there)]).toEqual([[], [worst]]);
    there.left(worst, true);
    inside(here, session(V1, 151));
    expect(shed(here, NOW + 250)).toHaveLength(0);
    inside(here, session(V1, 1_000));
    expect(shed(here, NOW + 500)[0]?.flow.sentBytes).toBe(1_000);
  });

  it("[B7] judged four times a second at most", () => {
    const unread = accounts.account();
    const wedged = session(V1, 2_000);
    inside(unread, wedged);
    expect([shed(unread), shed(unread, NOW + 249), shed(unread, NOW + 250)]).toEqual([[wedged], [], [wedged]]);
  });
});

describe("past the bound, with nobody left to shed", () => {
  it("[B7] the credential that owns half of what does not drain is refused, and no other", () => {
    const [here, there] = [accounts.account(), accounts.account()];
    close(here, session(V2, 600, null, "a"));
    close(there, session(V2, 400, null, "b"));
    expect([accounts.refuses("a"), accounts.refuses("b")]).toEqual([false, false]);
    const more = close(there, session(V2, 100, null, "b"));
    expect([accounts.refuses("a"), accounts.refuses("b"), accounts.refuses("c")]).toEqual([true, false, false]);
    there.drained(more.socket);
    expect(accounts.refuses("a")).toBe(false);
  });

  it("[B7] many open sockets and a little that has not drained are no reason to refuse anybody", () => {
    const unread = accounts.account();
    inside(unread, session(V2, 1_100));
    close(unread, session(V2, 250, null, "a"));
    expect(accounts.refuses("a")).toBe(false);
    close(unread, session(V2, 1, null, "a"));
    expect(accounts.refuses("a")).toBe(true);
  });

  it("[B7] the room that owns most of it refuses joins, and ends itself when it does not drain for 5 s", () => {
    const [here, there] = [accounts.account(), accounts.account()];
    close(here, session(V2, 600, null, "a"));
    close(there, session(V2, 500, null, "b"));
    expect([shed(here), shed(there)]).toEqual([[], []]);
    expect([here.isStuck, there.isStuck, accounts.refuses("c", here), accounts.refuses("c", there)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    shed(here, NOW + 4_999);
    expect(here.mustEnd(NOW + 4_999)).toBe(false);
    expect([here.mustEnd(NOW + 5_000), there.mustEnd(NOW + 5_000)]).toEqual([true, false]);
    here.endAmongClients(NOW + 5_000);
    expect([accounts.sums.total.undrainedBytes, accounts.refuses("c", there)]).toEqual([500, false]);
  });

  it("[B7] but one room in SEND_TIMEOUT_SECONDS, and none below the bound", () => {
    const [here, there, third] = [accounts.account(), accounts.account(), accounts.account()];
    for (const room of [here, there, third]) close(room, session(V2, 700));
    for (const room of [here, there, third]) shed(room, NOW);
    here.endAmongClients(NOW + 5_000);
    shed(there, NOW + 5_000);
    expect(there.mustEnd(NOW + 5_000 + TIMEOUT_MS - 1)).toBe(false);
    expect(there.mustEnd(NOW + 5_000 + TIMEOUT_MS)).toBe(true);
    there.endAmongClients(NOW + 5_000 + TIMEOUT_MS);
    shed(third, NOW + 6_000 + TIMEOUT_MS);
    expect([third.isStuck, third.mustEnd(NOW + 9 * TIMEOUT_MS)]).toEqual([false, false]);
  });

  it("[B7] nor for clients that read: a room full of unproven bytes and a little undrained stays", () => {
    const unread = accounts.account();
    inside(unread, session(V2, 5_000));
    close(unread, session(V2, 200));
    shed(unread);
    expect(unread.isStuck).toBe(false);
  });
});
