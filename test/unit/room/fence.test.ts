/** Each step that touches a message, made to throw: live, out of the window, in a replay (W17). */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Envelope } from "../../../src/protocol/frames.ts";
import { V1, V2, type Protocol } from "../../../src/protocol/subprotocol.ts";
import { openMessage } from "../../../src/upstream/envelope.ts";
import { headerBlock } from "../../support/wire/header-block.ts";
import { ModelClock } from "../../support/model/clock.ts";
import { ReplaysBench } from "../../support/model/replays.ts";
import { client, envelope, NOW, room } from "../../support/model/small.ts";

const MARK = "poison";
const clock = new ModelClock();

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const boom = (): never => {
  throw new RangeError("boom");
};
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Bytes that throw when anybody looks at them. */
const harmful = new Proxy(utf8("x"), { get: boom });
const binary = headerBlock(["ce-specversion", "1.0"], ["ce-id", MARK], ["ce-source", "/s"], ["ce-type", "t"]);

/** JSON.parse and JSON.stringify throw for whatever holds the mark, and only then. */
function sabotageJson(): void {
  const { parse, stringify } = JSON;
  const isMarked = (given: unknown): boolean => String(given).includes(MARK);
  vi.spyOn(JSON, "parse").mockImplementation((text) => (isMarked(text) ? boom() : parse(text)));
  vi.spyOn(JSON, "stringify").mockImplementation((value) => (isMarked(value) ? boom() : stringify(value)));
}

interface Step {
  readonly step: string;
  readonly headers: Uint8Array | null;
  readonly payload: Uint8Array;
}

const STEPS: readonly Step[] = [
  { step: "the headers", headers: harmful, payload: utf8("{}") },
  { step: "the payload", headers: null, payload: harmful },
  { step: "the JSON", headers: null, payload: utf8(`{"a":"${MARK}"}`) },
  { step: "the attributes", headers: binary, payload: utf8("{}") },
  { step: "the data of a binary event", headers: binary, payload: harmful },
];

const FROM = { subject: "s", time: "1000002" };

describe("openMessage", () => {
  it.each(STEPS)("[W17] $step may throw: that message is dropped", ({ headers, payload }) => {
    sabotageJson();
    const taken: Envelope[] = [];
    const take = (made: Envelope): void => void taken.push(made);
    expect(openMessage({ ...FROM, position: 7, headers, payload }, take)).toEqual(expect.any(String));
    expect(openMessage({ ...FROM, position: 8, headers: null, payload: utf8("1") }, take)).toBeNull();
    expect(taken).toEqual([{ seq: 8, text: '{"seq":8,"event":1}', bytes: 19, subject: "s", timeMs: 1, timeNanos: 2 }]);
  });

  it("[W17] so may whatever takes the envelope", () => {
    expect(openMessage({ ...FROM, position: 7, headers: null, payload: utf8("1") }, boom)).toBe("failed");
  });
});

/** An envelope that cannot be encoded. */
const poisoned = (seq: number): Envelope => Object.defineProperty({ ...envelope(seq) }, "text", { get: boom });

describe("an event that cannot be encoded", () => {
  it.each([
    ["first", [6, 7, 8], 6],
    ["between others", [6, 7, 8], 7],
    ["last", [6, 7, 8], 8],
    ["alone", [6], 6],
  ])("[W17] [V10] live, %s: it is left out, R moves with what was sent, and the next one comes", (_name, seqs, bad) => {
    const { fanout, poison, gone } = room();
    const clients = [client(V1, 5), client(V2, 5)];
    for (const { session } of clients) fanout.join(session, NOW);
    for (const seq of seqs) fanout.receive(seq === bad ? poisoned(seq) : envelope(seq));
    fanout.flush(NOW);
    const sent = seqs.filter((seq) => seq !== bad);
    expect([fanout.cursor, poison, gone]).toEqual([sent.at(-1) ?? 5, [bad], []]);
    fanout.receive(envelope(9));
    fanout.flush(NOW);
    fanout.heartbeat(12, "connected", NOW + 1_000);
    const heard = clients.map((one) => one.heard.join(" ").replaceAll(",", " "));
    expect(heard).toEqual([`${[...sent, 9].join(" ")} heartbeat 12`, `${[...sent, 9].join(" ")} heartbeat 12`]);
    expect([...fanout.lagging]).toEqual([]);
  });

  it.each<Protocol>([V1, V2])("[W17] [V10] out of the window of a room with nobody live: %s", (protocol) => {
    const { fanout, poison } = room();
    for (const seq of [6, 7, 8, 9]) fanout.receive(seq === 7 || seq === 9 ? poisoned(seq) : envelope(seq));
    fanout.flush(NOW);
    const late = client(protocol, 5);
    for (let turn = 0, served = fanout.join(late.session, NOW); served === "more" && turn < 9; turn++)
      served = fanout.serve(late.session, NOW);
    expect(new Set(poison)).toEqual(new Set([7, 9]));
    fanout.heartbeat(12, "connected", NOW + 1_000);
    fanout.receive(envelope(13));
    fanout.flush(NOW + 1_000);
    expect(late.heard.join(" ").replaceAll(",", " ")).toMatch(/^6 8 (heartbeat 9 )?heartbeat 12 13$/);
    expect([...fanout.lagging]).toEqual([]);
  });

  it.each<Protocol>([V1, V2])("[W17] [V10] handed over by a replay: %s", (protocol) => {
    const { fanout, poison } = room(0);
    const reader = client(protocol, 1);
    fanout.join(reader.session, NOW);
    expect(fanout.deliver(reader.session, [envelope(2), poisoned(3), envelope(4)], NOW)).toBe("more");
    expect([reader.heard.join(" ").replaceAll(",", " "), poison]).toEqual(["2 4", [3]]);
  });
});

describe("a message that throws in a replay", () => {
  it("[W17] [U1] is dropped once, and the replay goes on to the end without a new consumer", async () => {
    const parse = JSON.parse.bind(JSON) as (text: string) => unknown;
    vi.spyOn(JSON, "parse").mockImplementation((text) => (text.includes('"n":300,') ? boom() : parse(text)));
    const bench = new ReplaysBench(clock, 600, 8);
    const [, session] = bench.join(0);
    await bench.run(3_000);
    expect(bench.dropped).toEqual([300]);
    expect(session.phase).toEqual({ kind: "live" });
    expect(bench.broker.mostConsumers).toBe(1);
  });
});
