import { afterEach, describe, expect, it, vi } from "vitest";
import type { Envelope } from "../../../../src/protocol/frames.ts";
import { V1, V2 } from "../../../../src/protocol/subprotocol.ts";
import { LIVE } from "../../../../src/room/delivery/session.ts";
import { client, envelope, HEARTBEAT_MS, LATER, NOW, room } from "../../../support/model/small.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("Fanout, turn by turn", () => {
  it("[V10] a join first sends the batch: to those who are here, and to the newcomer what is above its cursor", () => {
    const { fanout } = room();
    const here = client(V2, 5);
    fanout.join(here.session, NOW);
    fanout.receive(envelope(6));
    const newcomer = client(V2, 6);
    expect(fanout.join(newcomer.session, NOW)).toBe("live");
    expect(here.heard).toEqual(["6"]);
    expect(newcomer.heard).toEqual([]);
    expect(fanout.pendingBytes).toBe(0);
  });

  it("[V10] a heartbeat first sends the batch, and so does the news of the head", () => {
    const { fanout } = room();
    const one = client(V2, 5);
    fanout.join(one.session, NOW);
    fanout.receive(envelope(6));
    fanout.heartbeat(9, "connected", NOW);
    expect(one.heard).toEqual(["6", "heartbeat 9"]);
    fanout.setAtHead(false, NOW);
    fanout.receive(envelope(10));
    fanout.setAtHead(true, NOW);
    expect(one.heard.at(-1)).toBe("10");
  });

  it("[V10] what a batch brings reaches in the same turn who waits for it above R", () => {
    const { fanout } = room();
    const ahead = client(V2, 6);
    expect(fanout.join(ahead.session, NOW)).toBe("waiting");
    for (const seq of [6, 7]) fanout.receive(envelope(seq));
    fanout.flush(NOW);
    expect(ahead.heard).toEqual(["7"]);
    expect(ahead.session.phase).toEqual(LIVE);
  });

  it("[W8] [V10] a heartbeat that moves R goes to all, one that does not to the idle alone", () => {
    const { fanout } = room();
    const busy = client(V2, 5);
    const idle = client(V1, 5, { lastFrameAtMs: NOW - HEARTBEAT_MS / 2 });
    for (const { session } of [busy, idle]) fanout.join(session, NOW);
    fanout.heartbeat(5, "connected", NOW);
    expect([busy.heard, idle.heard]).toEqual([[], ["heartbeat 5"]]);
    fanout.heartbeat(6, "connected", NOW);
    expect([busy.heard, idle.heard]).toEqual([["heartbeat 6"], ["heartbeat 5", "heartbeat 6"]]);
    expect(fanout.cursor).toBe(6);
  });

  it("[W8] [W9] a position below R moves nothing", () => {
    const { fanout } = room();
    const one = client(V2, 5);
    fanout.join(one.session, NOW);
    fanout.heartbeat(3, "connected", LATER);
    expect(one.heard).toEqual(["heartbeat 5"]);
  });

  it("[U1] [W8] a client that waits for a replay is told its own cursor, one above R its own too", () => {
    const { fanout } = room(0);
    for (const seq of [6, 7]) fanout.receive(envelope(seq));
    fanout.flush(NOW);
    const behind = client(V2, 6);
    const ahead = client(V2, 9);
    expect(fanout.join(behind.session, NOW)).toBe("needs-replay");
    expect(fanout.join(ahead.session, NOW)).toBe("waiting");
    fanout.heartbeat(8, "reconnecting", LATER);
    expect([behind.heard, ahead.heard]).toEqual([["heartbeat 6"], ["heartbeat 9"]]);
  });

  it("[W5] [W12] a gap closes who needed what is gone, and nobody else", () => {
    const { fanout } = room();
    const live = client(V2, 5);
    const ahead = client(V2, 8);
    const oldest = client(V2, 3, { fromOldest: true });
    fanout.join(live.session, NOW);
    fanout.join(ahead.session, NOW);
    fanout.restore(oldest.session);
    fanout.lose("retention-exhausted", 9, 8, 6, NOW);
    expect([live.heard, ahead.heard]).toEqual([["problem undefined", "close 4410"], []]);
    expect([oldest.session.phase, oldest.heard]).toEqual([{ kind: "lagging", cursor: 8, readTo: 8 }, ["heartbeat 8"]]);
    fanout.lose("stream-reset", 1, Infinity, 6, NOW);
    expect(fanout.sessions.size).toBe(0);
  });

  it("[W5] [W12] the position counts as read for whoever has everything up to R: a quiet subject is no gap", () => {
    const { fanout } = room();
    const live = client(V1, 5);
    const paused = client(V2, 3, { phase: { kind: "lagging", cursor: 3, readTo: 5 } });
    fanout.join(live.session, NOW);
    fanout.restore(paused.session);
    fanout.lose("retention-exhausted", 9, 8, 8, NOW);
    expect([live.heard, paused.heard]).toEqual([[], []]);
  });

  it("[W6] a restart begins at another place, with nothing of the old one", () => {
    const { fanout } = room();
    fanout.receive(envelope(6));
    fanout.flush(NOW);
    fanout.receive(envelope(7));
    fanout.restart(20, "f");
    const one = client(V2, 20);
    fanout.join(one.session, NOW);
    expect(one.heard).toEqual([]);
    expect({ cursor: fanout.cursor, epoch: fanout.epoch, from: fanout.window.from, size: fanout.window.size }).toEqual({
      cursor: 20,
      epoch: "f",
      from: 20,
      size: 0,
    });
  });

  it("[V10] a heartbeat that brings a client to R makes it live, in the same turn", () => {
    const { fanout } = room();
    const ahead = client(V2, 8);
    const behind = client(V2, 5);
    fanout.join(ahead.session, NOW);
    fanout.restore(behind.session);
    fanout.heartbeat(8, "connected", LATER);
    expect([ahead.session.phase, behind.session.phase]).toEqual([LIVE, LIVE]);
    expect([ahead.heard, behind.heard]).toEqual([["heartbeat 8"], ["heartbeat 8"]]);
  });

  it("[V5] a replay is over when the room is at the head, and not before", () => {
    const { fanout } = room();
    fanout.setAtHead(false, NOW);
    const behind = client(V2, 5, { owesCaughtUp: true });
    const ahead = client(V2, 6, { owesCaughtUp: true });
    const old = client(V1, 5, { owesCaughtUp: true });
    for (const { session } of [behind, ahead, old]) fanout.join(session, NOW);
    fanout.heartbeat(5, "connected", LATER);
    expect([behind.heard, ahead.heard]).toEqual([["heartbeat 5"], ["heartbeat 6"]]);
    fanout.receive(envelope(7));
    fanout.setAtHead(true, LATER);
    fanout.setAtHead(false, LATER);
    fanout.setAtHead(true, LATER);
    expect(behind.heard).toEqual(["heartbeat 5", "7", "caught-up 7"]);
    expect(ahead.heard).toEqual(["heartbeat 6", "7", "caught-up 7"]);
    expect(old.heard).toEqual(["heartbeat 5", "7"]);
  });

  it("[V5] a caught-up that flow control holds back comes after the ping", () => {
    const { fanout, pings, clock } = room();
    const one = client(V2, 5, { owesCaughtUp: true });
    fanout.setAtHead(false, NOW);
    fanout.join(one.session, NOW);
    fanout.receive(envelope(6, 1_000));
    fanout.flush(NOW);
    fanout.setAtHead(true, NOW);
    expect(one.heard).toEqual(["6"]);
    pings.set(one.session, NOW);
    clock.wallMs += 1;
    expect(fanout.serve(one.session, NOW + 1)).toBe("live");
    expect(one.heard).toEqual(["6", "caught-up 6"]);
  });

  it("[V10] [B3] encodes what follows one place once for all who stand there, anew when more has come, and keeps nothing past a heartbeat", () => {
    const { fanout } = room();
    let encoded = 0;
    const counted = (seq: number): Envelope => ({
      ...envelope(seq),
      get text() {
        encoded += 1;
        return envelope(seq).text;
      },
    });
    fanout.receive(counted(6));
    fanout.flush(NOW);
    const crowd = Array.from({ length: 10 }, () => client(V2, 5));
    for (const { session } of crowd) fanout.join(session, NOW);
    expect(encoded).toBe(1);
    fanout.receive(counted(7));
    fanout.flush(NOW);
    const last = client(V2, 5);
    fanout.join(last.session, NOW);
    expect(new Set(crowd.map(({ heard }) => heard.join(" ")))).toEqual(new Set(["6 7"]));
    expect(last.heard).toEqual(["6,7"]);
    const before = encoded;
    fanout.join(client(V2, 5).session, NOW);
    expect(encoded).toBe(before);
    fanout.heartbeat(7, "connected", NOW);
    fanout.join(client(V2, 5).session, NOW);
    expect(encoded).toBe(before + 2);
  });
});
