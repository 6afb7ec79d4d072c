import { afterEach, describe, expect, it, vi } from "vitest";
import { Isolate } from "../../../../src/room/isolate/isolate.ts";
import { V2 } from "../../../../src/protocol/subprotocol.ts";
import { CatchUpLoop } from "../../../../src/room/replay/catch-up-loop.ts";
import { ReplayQueue } from "../../../../src/room/replay/queue.ts";
import { ModelClock } from "../../../support/model/clock.ts";
import { client, envelope, room } from "../../../support/model/small.ts";
import { head } from "../../../support/model/head.ts";

const EVENTS = 50;
/** One fills a frame, and a client's budget. */
const BYTES = 40_000;
const clock = new ModelClock();

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A room whose window holds events, and a client below all of them that may be sent one at a time, or two, without a ping. */
function behind(): {
  heard: string[];
  ping: () => void;
  looks: () => number;
  pending: () => number;
  pacer: CatchUpLoop;
} {
  const { fanout, pings } = room((EVENTS + 1) * BYTES);
  for (let seq = 6; seq < 6 + EVENTS; seq++) fanout.receive(envelope(seq, BYTES));
  fanout.flush(clock.nowMs);
  const { session, heard } = client(V2, 5);
  const replays = new ReplayQueue({
    runtime: clock.runtime,
    isolate: new Isolate(),
    id: "room",
    stream: "S",
    filter: "a.>",
    maxReplays: 1,
    connection: () => null,
    head: () => Promise.resolve(head({ firstSeq: 1, lastSeq: 1_000 })),
    lastHead: () => null,
    onLeft: () => {},
    onDropped: () => {},
    wake: () => {},
  });
  const look = vi.spyOn(fanout, "waitMs");
  const pacer = new CatchUpLoop(
    clock.runtime,
    () => fanout,
    replays,
    () => {},
  );
  fanout.receive(envelope(6 + EVENTS, BYTES));
  fanout.restore(session);
  return {
    heard,
    pacer,
    ping: () => pings.set(session, clock.nowMs),
    looks: () => look.mock.calls.length,
    pending: () => fanout.pendingBytes,
  };
}

describe("CatchUpLoop", () => {
  it("[B1] [V10] serves a client that acknowledges at once as fast as it does", async () => {
    const { heard, ping, pacer } = behind();
    pacer.wake(0);
    for (let ms = 0; ms < 100 && heard.length <= EVENTS; ms++) {
      await clock.advance(1);
      ping();
    }
    expect(heard).toHaveLength(EVENTS + 1);
  });

  it("[B1] [V7] looks ever less often for a ping that does not come, and leaves the batch alone meanwhile", async () => {
    const { looks, pending, pacer, ping, heard } = behind();
    pacer.wake(0);
    await clock.advance(1);
    const sent = heard.length;
    expect([sent > 0, pending()]).toEqual([true, 0]);
    const before = looks();
    await clock.advance(1_000);
    expect(looks() - before).toBeGreaterThan(1_000 / 25);
    expect(looks() - before).toBeLessThan(1_000 / 25 + 15);
    expect(heard).toHaveLength(sent);
    ping();
    await clock.advance(26);
    expect(heard.length).toBeGreaterThan(sent);
  });
});
