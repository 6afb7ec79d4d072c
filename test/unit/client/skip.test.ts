import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventStream, type EventStreamOptions } from "../../../src/client/index.ts";
import { Recorder } from "../../support/browser/recorder.ts";
import { ScriptedRelay, type ScriptedConnection } from "../../support/wire/scripted-relay.ts";
import { Tabs } from "../../support/browser/tabs.ts";
import { until } from "../../support/until.ts";

const SECRET = "payload";
const streams: EventStream[] = [];
let relay: ScriptedRelay;
let warned: string[];

beforeEach(async () => {
  relay = await ScriptedRelay.start();
  warned = [];
  vi.spyOn(console, "warn").mockImplementation((...words) => void warned.push(words.join(" ")));
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await relay[Symbol.asyncDispose]();
  vi.restoreAllMocks();
});

function open(options: Partial<EventStreamOptions> = {}): EventStream {
  const stream = new EventStream({ url: relay.url, token: "t", ...options });
  streams.push(stream);
  return stream;
}

/** As the console's: it recurses over what it reads. */
const revive = (text: string): unknown => JSON.parse(text, (_key, value: unknown) => value);
const nested = (levels: number, core: string): string => "[".repeat(levels) + core + "]".repeat(levels);
const good = (seq: number): string => JSON.stringify({ data: { n: seq } });

/** An events frame after `prev`; each event as its text. */
function frame(prev: number, events: Readonly<Record<number, string>>): string {
  const items = Object.entries(events).map(([seq, event]) => `{"seq":${seq},"event":${event}}`);
  return `{"type":"events","prev":${prev},"events":[${items.join(",")}]}`;
}

async function welcomed(number = 1, cursor = 0): Promise<ScriptedConnection> {
  const connection = await relay.connection(number);
  connection.welcome({ cursor });
  return connection;
}

const KINDS = {
  "is no JSON": { event: `{"${SECRET}":nope}` },
  "is not closed": { event: `["${SECRET}",` },
  "has 3,500 levels around 1.5, for a parse that recurses": { event: nested(3_500, `"${SECRET}",1.5`), parse: revive },
  "has 129 levels": { event: nested(129, `"${SECRET}"`) },
  "has 129 levels of objects": { event: `${'{"a":1,"b":'.repeat(129)}"${SECRET}"${"}".repeat(129)}` },
  "has 450,000 levels": { event: nested(450_000, `"${SECRET}"`) },
  "makes parse throw": {
    event: `"${SECRET}"`,
    parse: (text: string): unknown => {
      if (text.includes(SECRET)) throw new Error("no");
      return JSON.parse(text);
    },
  },
} as const;

describe.each(Object.entries(KINDS))("an event that %s", { tags: "long" }, (_name, { event, ...options }) => {
  test("[W17] [V10] is skipped wherever it stands, and moves the cursor like any other", async () => {
    const stream = open(options);
    const recorder = new Recorder(stream);
    const connection = await welcomed();
    connection.send(frame(0, { 1: event, 2: good(2), 3: good(3) }));
    connection.send(frame(3, { 4: good(4), 5: event, 6: event, 7: good(7) }));
    connection.send(frame(7, { 8: good(8), 9: event }));
    connection.send(frame(9, { 10: event }));
    await until("the cursor is there", () => stream.cursor?.seq === 10);
    expect(recorder.seqs).toEqual([2, 3, 4, 7, 8]);
    connection.send(frame(10, { 12: good(12) }));
    await until("the next", () => recorder.seqs.at(-1) === 12);
    expect([relay.connections.length, recorder.kinds, stream.skipped]).toEqual([1, ["connecting", "live"], 5]);
  });

  test("[W17] is told once, by its seq and without its content", async () => {
    const stream = open(options);
    const recorder = new Recorder(stream);
    const connection = await welcomed();
    connection.send(frame(0, { 7: good(7), 8: event, 9: event }));
    connection.send(frame(9, { 10: event, 11: good(11) }));
    await until("the last", () => recorder.seqs.at(-1) === 11);
    expect(warned).toEqual([expect.stringMatching(/^cellos-relay: event 8 cannot be read/)]);
    expect(warned.join("")).not.toContain(SECRET);
  });

  test("[V10] is saved like any other, and neither asked for nor told again", async () => {
    const saved: number[] = [];
    const store = { load: () => null, save: ({ seq }: { seq: number }) => void saved.push(seq) };
    const stream = open({ ...options, store });
    const recorder = new Recorder(stream);
    const first = await welcomed();
    first.send(frame(0, { 1: good(1), 2: event }));
    await until("it is saved", () => saved.at(-1) === 2);
    first.close(1012);
    await recorder.reaches("waiting");
    stream.retryNow();
    const second = await welcomed(2, 0);
    expect(second.query.get("since")).toBe("2");
    second.send(frame(0, { 1: good(1), 2: event, 3: event, 4: good(4) }));
    await until("the rest", () => recorder.seqs.at(-1) === 4);
    expect([recorder.seqs, stream.skipped, warned.length]).toEqual([[1, 4], 2, 1]);
  });
});

test("[W17] an event with 128 levels is an event like any other", async () => {
  const recorder = new Recorder(open());
  (await welcomed()).send(frame(0, { 1: nested(128, '"[[["'), 2: `${'{"a":'.repeat(128)}0${"}".repeat(128)}` }));
  await until("both", () => recorder.seqs.length === 2);
  expect(warned).toEqual([]);
});

test("[W17] a loop goes on behind a skipped event", async () => {
  const stream = open();
  (await welcomed()).send(frame(0, { 1: good(1), 2: "nope", 3: good(3) }));
  const seen: number[] = [];
  for await (const { seq } of stream) if (seen.push(seq) === 2) break;
  expect(seen).toEqual([1, 3]);
});

describe("[V2] what is no frame is a lost connection, and nothing of it counts", () => {
  test.each([
    ["is cut off", frame(1, { 2: good(2), 3: good(3) }).slice(0, -2)],
    ["is cut off in an event", frame(1, { 2: good(2), 3: '{"a":[{"b":1' }).slice(0, -3)],
    ["has no list", '{"type":"events","prev":1}'],
    ["has a list that is none", '{"type":"events","prev":1,"events":{"seq":2,"event":1}}'],
    ["has a list that is none, and no JSON in it", '{"type":"events","prev":1,"events":{"seq":2,"event":nope}}'],
    ["has an item without a seq", '{"type":"events","prev":1,"events":[{"seq":2,"event":1},{"event":2}]}'],
    ["has a bad item without a seq", '{"type":"events","prev":1,"events":[{"seq":2,"event":1},{"event":nope}]}'],
    ["has an item that is none", '{"type":"events","prev":1,"events":[null]}'],
    ["has a seq that is text", '{"type":"events","prev":1,"events":[{"seq":"2","event":1}]}'],
    ["has a seq beyond 2^53", frame(1, { 2: "nope" }).replace('"seq":2', '"seq":9007199254740993')],
    ["is a heartbeat that is no JSON", '{"type":"heartbeat","cursor":2,"junk":[[}'],
    ["is of another type, and no JSON", '{"type":"weather","events":[{"seq":2,"event":nope}]}'],
  ])("a text that %s", async (_name, text) => {
    const stream = open();
    const recorder = new Recorder(stream);
    const connection = await welcomed();
    connection.events(0, [1]);
    connection.send(text);
    expect(await recorder.reaches("waiting")).toMatchObject({ reason: "unreadable" });
    expect([recorder.seqs, stream.cursor, stream.skipped]).toEqual([[1], { seq: 1, epoch: "e" }, 0]);
  });

  test("a gap before a bad event is a gap", async () => {
    const recorder = new Recorder(open());
    (await welcomed()).send(frame(4, { 5: "nope" }));
    expect(await recorder.reaches("waiting")).toMatchObject({ reason: "gap" });
    expect(warned).toEqual([]);
  });
});

test("[W17] a problem nested without end is told by its text, and the stream lives", async () => {
  const recorder = new Recorder(open());
  const connection = await welcomed();
  connection.send(
    `{"type":"problem","problem":{"title":"Why","detail":${nested(9_000, "1")},"more":${nested(9_000, "")}}}`,
  );
  connection.close(1011, "internal error");
  const { error } = await recorder.reaches("waiting");
  expect([error.problem, error.message]).toEqual([{ title: "Why" }, "internal error 1011 Why"]);
});

describe("one socket for all tabs", () => {
  let tabs: Tabs;
  beforeEach(async () => {
    tabs = await Tabs.start();
  });
  afterEach(() => tabs.close());

  test.each(Object.entries(KINDS))(
    "[W17] [V10] an event that %s: the worker passes it on, and every tab skips it",
    { tags: "long" },
    async (_name, { event, ...options }) => {
      const opened = await Promise.all([1, 2].map(() => tabs.open({ url: relay.url, token: "t", ...options })));
      const connection = await relay.connection(1);
      connection.welcome({ ackBytes: 100 });
      for (const { recorder } of opened) await recorder.reaches("live");
      connection.send(frame(0, { 1: good(1), 2: event, 3: good(3) }));
      connection.send(frame(3, { 4: good(4), 5: event }));
      connection.send(frame(5, { 6: event, 7: good(7) }));
      for (const { recorder, stream } of opened) {
        await until("the last", () => recorder.seqs.at(-1) === 7);
        expect([recorder.seqs, recorder.kinds, stream.skipped]).toEqual([[1, 3, 4, 7], ["connecting", "live"], 3]);
      }
      await connection.gets("ping");
      const later = await tabs.open({ url: relay.url, token: "t", ...options, since: 4, epoch: "e" });
      await until("the rest", () => later.recorder.seqs.at(-1) === 7);
      expect([later.recorder.seqs, later.stream.skipped, relay.connections.length]).toEqual([[7], 2, 1]);
    },
  );

  test("[V2] a text that is no frame ends the connection for all", async () => {
    const opened = await Promise.all([1, 2].map(() => tabs.open({ url: relay.url, token: "t" })));
    const connection = await welcomed();
    for (const { recorder } of opened) await recorder.reaches("live");
    connection.send(frame(0, { 1: good(1) }).slice(0, -1));
    for (const { recorder } of opened) expect(await recorder.reaches("waiting")).toMatchObject({ reason: "lost" });
  });

  test("[W17] a welcome nested without end opens the stream", async () => {
    const { recorder } = await tabs.open({ url: relay.url, token: "t" });
    const connection = await relay.connection(1);
    connection.send(
      `{"type":"welcome","epoch":"e","cursor":0,"live":true,"heartbeatMs":1000,"ackBytes":1,"junk":${nested(9_000, "")}}`,
    );
    await recorder.reaches("live");
    connection.events(0, [1]);
    await recorder.has(1);
  });
});
