/** A client that joins during an outage, and what the log says of it, from its beginning to its end (V3, O3, O8). */
import { expect, test } from "vitest";
import { EventStream } from "../../src/client/index.ts";
import { Recorder } from "../support/browser/recorder.ts";
import { Rig } from "../support/broker/rig.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { until } from "../support/until.ts";
import { joinAt, startInTurn, TOKEN } from "../support/world.ts";

const SUBJECT = "cellos.events.outage-welcome.x";

interface Line {
  readonly event?: string;
  readonly subject?: string;
  readonly outageMs?: number;
}

test("[V3] [O3] [O8] [W12] during an outage welcome says reconnecting, and the log its cause and, at the end, how long it took", async () => {
  const lines: Line[] = [];
  const onLog = (text: string): void => {
    const line = text.startsWith("{") ? (JSON.parse(text) as Line) : {};
    if (line.subject === SUBJECT) lines.push(line);
  };
  const named = (name: string): Line[] => lines.filter(({ event }) => event === name);
  await using rig = await Rig.start();
  await rig.createStream();
  await using relay = await startInTurn({ NATS_URL: rig.url, RELAY_API_TOKEN: TOKEN, HEARTBEAT_SECONDS: "1" }, onLog);
  const first = await joinAt(relay, SUBJECT, 2);
  expect(await first.socket.type("welcome")).toMatchObject({ upstream: "connected" });
  const [since = 0] = await rig.publish([{ subject: SUBJECT, data: cloudEvent({ n: 1 }) }]);
  await first.reaches(since);
  await rig.act("kill");
  await until("the room has noticed", () => named("upstream-failed").length > 0);

  const second = await joinAt(relay, SUBJECT, 2, { since });
  expect(await second.socket.type("welcome")).toMatchObject({ live: true, upstream: "reconnecting" });
  const stream = new EventStream({ url: relay.url, token: TOKEN, subject: SUBJECT, since });
  const { upstream } = await new Recorder(stream).reaches("live");
  expect(upstream).toBe("reconnecting");
  expect(named("upstream-failed")[0]).toMatchObject({ cause: "unreachable", severity: "warn" });

  await rig.act("start");
  const open = await until("the outage is over in the log", () =>
    named("upstream-open").find((line) => "outageMs" in line),
  );
  expect(open).toMatchObject({ severity: "info", outageMs: expect.any(Number) });
  await until("the stream hears of it", () => stream.state.kind === "live" && stream.state.upstream === "connected");
  stream.close();
});
