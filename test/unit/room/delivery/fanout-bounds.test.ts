import { afterEach, describe, expect, it, vi } from "vitest";
import { V1, V2 } from "../../../../src/protocol/subprotocol.ts";
import { newFlow } from "../../../../src/room/delivery/flow-control.ts";
import { expiryAt, welcomeFrame } from "../../../../src/protocol/frames.ts";
import { client, envelope, NOW, room } from "../../../support/model/small.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("Fanout and its bounds", () => {
  it("[B1] [B6] a client is paused by the frame that reaches its budget, keeps its cursor, and catches up after a ping", () => {
    const { fanout, pings, clock } = room();
    const one = client(V2, 5, { flow: newFlow(V2, NOW - 1) });
    pings.set(one.session, NOW - 1);
    fanout.join(one.session, NOW);
    for (const seq of [6, 7, 8]) {
      fanout.receive(envelope(seq, 600));
      fanout.flush(NOW);
    }
    expect(one.heard).toEqual(["6", "7"]);
    expect(one.session.phase).toEqual({ kind: "lagging", cursor: 7, readTo: 7 });
    expect(fanout.serve(one.session, NOW)).toBe("paused");
    pings.set(one.session, NOW);
    clock.wallMs += 1;
    expect(fanout.serve(one.session, NOW + 1)).toBe("live");
    expect(one.heard).toEqual(["6", "7", "8"]);
  });

  it("[B1] within one turn, a client past its budget keeps the cursor of the last frame it was sent", () => {
    const { fanout } = room(1_000_000);
    const one = client(V2, 5);
    fanout.join(one.session, NOW);
    for (const seq of [6, 7, 8]) fanout.receive(envelope(seq, 60_000));
    fanout.flush(NOW);
    expect(one.heard).toEqual(["6"]);
    expect(one.session.phase).toEqual({ kind: "lagging", cursor: 6, readTo: 6 });
  });

  it("[B1] closes 4408 who owes a ping past the time-out, live or not, and nobody who gave it", () => {
    const { fanout, gone, pings } = room();
    const silent = client(V2, 5);
    const reader = client(V2, 5);
    for (const { session } of [silent, reader]) fanout.join(session, NOW);
    fanout.heartbeat(6, "connected", NOW);
    pings.set(reader.session, NOW + 1);
    fanout.heartbeat(6, "connected", NOW + 5_000);
    expect(silent.heard).toEqual(["heartbeat 6", "heartbeat 6"]);
    fanout.heartbeat(6, "connected", NOW + 5_001);
    expect(silent.heard.at(-1)).toBe("close 4408");
    expect(gone).toEqual(["slowConsumer"]);
    expect([...fanout.sessions]).toEqual([reader.session]);
  });

  it("[B6] [V10] past half of the isolate's bound a client is asked with its own cursor until two pings have proven what it was sent", () => {
    const { fanout, pings, clock } = room(10_000, 380);
    const one = client(V2, 5);
    const idle = client(V2, 5);
    for (const { session } of [one, idle]) fanout.join(session, NOW);
    fanout.receive(envelope(6, 60));
    fanout.flush(NOW);
    expect([...fanout.lagging]).toEqual([one.session, idle.session]);
    fanout.receive(envelope(7));
    fanout.flush(NOW);
    const look = (nowMs: number): number => {
      clock.wallMs = nowMs;
      return fanout.waitMs(one.session, nowMs);
    };
    expect([look(NOW), look(NOW + 1), one.heard]).toEqual([1, 1, ["6", "heartbeat 6"]]);
    pings.set(one.session, NOW + 2);
    expect([look(NOW + 3), one.heard.length]).toEqual([1, 3]);
    pings.set(one.session, NOW + 4);
    expect(look(NOW + 5)).toBe(0);
    fanout.serve(one.session, NOW + 5);
    expect([one.heard, idle.heard]).toEqual([["6", "heartbeat 6", "heartbeat 6", "7"], ["6"]]);
  });

  it("[B6] a heartbeat goes to a client that waits too", () => {
    const { fanout } = room(10_000, 300);
    const one = client(V2, 5);
    fanout.join(one.session, NOW);
    fanout.receive(envelope(6, 200));
    fanout.flush(NOW);
    fanout.receive(envelope(7));
    fanout.heartbeat(7, "connected", NOW + 1_000);
    expect(one.heard).toEqual(["6", "heartbeat 6"]);
  });

  it("[A3] [P11] sends nothing a second after the credential has expired by the wall clock, and closes 4401", () => {
    const { fanout, gone, clock } = room();
    const one = client(V1, 5, { expiresAtMs: NOW });
    fanout.join(one.session, NOW);
    fanout.receive(envelope(6));
    clock.wallMs = NOW + 1_000;
    // The room's own measure says nothing here: the clock may have been set back.
    fanout.flush(NOW + 3_600_000);
    fanout.receive(envelope(7));
    clock.wallMs += 1;
    fanout.flush(NOW + 3_600_001);
    expect(one.heard).toEqual(["6", "close 4401"]);
    expect(gone).toEqual(["tokenExpired"]);
  });

  it("[W14] who leaves is forgotten once, and its socket is the caller's business", () => {
    const { fanout, gone } = room();
    const one = client(V2, 5);
    fanout.join(one.session, NOW);
    fanout.leave(one.session);
    fanout.leave(one.session);
    fanout.receive(envelope(6));
    fanout.flush(NOW);
    expect([one.heard, gone]).toEqual([[], [null]]);
  });

  it("[V3] the welcome counts as sent", () => {
    const { fanout } = room();
    const one = client(V2, 5);
    fanout.greet(
      one.session,
      welcomeFrame({
        epoch: "e",
        cursor: 5,
        live: true,
        heartbeatMs: 1,
        ackBytes: 1,
        upstream: "connected",
        expiry: expiryAt(null, 0),
      }),
      NOW,
    );
    expect(one.heard).toEqual(["welcome 5"]);
    expect(one.session.flow.sentBytes).toBeGreaterThan(90);
  });
});
