import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Session } from "../../../../src/console/connection/session.ts";
import {
  asksToken,
  asksWhere,
  planOf,
  type Cursor,
  type Situation,
} from "../../../../src/console/connection/situation.ts";
import { ScriptedRelay, type ScriptedConnection } from "../../../support/wire/scripted-relay.ts";
import { until } from "../../../support/until.ts";

const RETENTION = { type: "/problems/ws/retention-exhausted", title: "Too old", oldest_seq: 9 };

let relay: ScriptedRelay;
let session: Session;
let seqs: number[];
let kinds: string[];
let tokens: string[];

beforeEach(async () => {
  relay = await ScriptedRelay.start();
  vi.stubGlobal("location", { origin: relay.url });
  seqs = [];
  kinds = [];
  tokens = [];
  session = new Session(
    {
      onToken: (token) => tokens.push(token),
      onEvent: ({ seq }) => seqs.push(seq),
      onChange: () => kinds.push(asked().state.kind),
    },
    null,
  );
});
afterEach(async () => {
  session.leave();
  await relay[Symbol.asyncDispose]();
  vi.unstubAllGlobals();
});

function asked(): Extract<Situation, { kind: "asked" }> {
  const { situation } = session;
  if (situation.kind === "idle") throw new Error("nothing was asked for");
  return situation;
}

const start = (since: Cursor | null = null, token = "t"): void =>
  session.start({ subject: "a.>", since, goesOn: false }, token);
const reaches = (kind: string): Promise<unknown> => until(kind, () => asked().state.kind === kind);

/** A connection whose cursor is gone, up to the question. */
async function gone(): Promise<ScriptedConnection> {
  start({ seq: 3, epoch: "e" });
  const connection = await relay.connection(1);
  connection.welcome({ cursor: 3 });
  connection.send({ type: "problem", problem: RETENTION });
  connection.close(4410, "retention-exhausted");
  await until("the question", () => asksWhere(session.situation));
  return connection;
}

describe("a cursor that is gone", () => {
  test("[W5] an answer given before the stream asks is the answer", async () => {
    await gone();
    session.startAt("live");
    const { query } = await relay.connection(2);
    expect(Object.fromEntries(query)).toEqual({ subject: "a.>" });
  });

  test("[W5] the stream waits for the answer, however long", async () => {
    await gone();
    session.retry();
    await until("it waits", () => retryAtMs() === Infinity);
    expect([asksWhere(session.situation), relay.connections.length]).toEqual([true, 1]);
    session.startAt("oldest");
    const { query } = await relay.connection(2);
    expect(Object.fromEntries(query)).toEqual({ subject: "a.>", since: "0" });
  });

  test("[W5] every loss is asked about anew", async () => {
    await gone();
    session.startAt("oldest");
    const again = await relay.connection(2);
    again.welcome({ cursor: 8 });
    await reaches("live");
    again.close(4410, "stream-reset");
    await until("the question", () => asksWhere(session.situation));
    session.retry();
    await until("it waits", () => retryAtMs() === Infinity);
    expect(relay.connections).toHaveLength(2);
  });

  test("nobody answers what was not asked", async () => {
    start();
    (await relay.connection(1)).welcome();
    await reaches("live");
    session.startAt("oldest");
    expect(asked().state.kind).toBe("live");
  });
});

function retryAtMs(): number {
  const { state } = asked();
  return state.kind === "waiting" ? state.retryAtMs : 0;
}

describe("a session", () => {
  test("[A3] an expired token closes it, and with another it goes on after the same event", async () => {
    start();
    const connection = await relay.connection(1);
    connection.welcome({ cursor: 4 });
    connection.events(4, [5]);
    await until("the event", () => seqs.length === 1);
    connection.close(4401, "token-expired");
    await reaches("closed");
    expect([asksToken(session.situation), asked().isLeft]).toEqual([true, false]);
    const plan = planOf("a.>", "5", asked());
    session.start(plan, "new");
    const next = await relay.connection(2);
    expect([next.token, Object.fromEntries(next.query)]).toEqual(["new", { subject: "a.>", since: "5", epoch: "e" }]);
    expect(asked().resumedFrom).toEqual({ seq: 5, epoch: "e" });
  });

  test("[A11] [V8] asks anew where the token comes from, and tells which one is used", async () => {
    session.start({ subject: "a.>", since: null, goesOn: false }, async () => `t${tokens.length}`);
    const connection = await relay.connection(1);
    connection.welcome({ expiresInMs: 200 });
    await reaches("live");
    await until("the next token", () => connection.received.includes('{"type":"auth","token":"t1"}'));
    connection.close(4401, "token-refused");
    const next = await relay.connection(2);
    expect([next.token, tokens]).toEqual(["t2", ["t0", "t1", "t2"]]);
    session.start({ subject: "a.>", since: null, goesOn: true });
    expect((await relay.connection(3)).token).toBe("t3");
  });

  test("[W4] tells where the connection that followed a loss resumed", async () => {
    start();
    const connection = await relay.connection(1);
    connection.welcome({ cursor: 4 });
    await reaches("live");
    expect(asked().resumedFrom).toBeNull();
    connection.close(1012);
    await reaches("waiting");
    session.retry();
    (await relay.connection(2)).welcome({ cursor: 4 });
    await reaches("live");
    expect(asked().resumedFrom).toEqual({ seq: 4, epoch: "e" });
  });

  test("[W17] [V10] goes on behind an event that it cannot read", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    start();
    const connection = await relay.connection(1);
    connection.welcome();
    const deep = `${"[".repeat(3_500)}1.5${"]".repeat(3_500)}`;
    connection.send(`{"type":"events","prev":0,"events":[{"seq":1,"event":${deep}},{"seq":2,"event":1.50}]}`);
    connection.send(`{"type":"events","prev":2,"events":[{"seq":3,"event":nope}]}`);
    connection.events(3, [4]);
    await until("the last", () => seqs.at(-1) === 4);
    expect([seqs, kinds.includes("waiting"), relay.connections.length]).toEqual([[2, 4], false, 1]);
    expect(warned.mock.calls).toEqual([[expect.stringContaining("event 1 ")]]);
    warned.mockRestore();
  });

  test("hears nothing more from the stream before", async () => {
    start();
    const old = await relay.connection(1);
    old.welcome();
    await reaches("live");
    start({ seq: 7 });
    const next = await relay.connection(2);
    next.welcome({ cursor: 7 });
    next.events(7, [8]);
    await until("the event", () => seqs.length === 1);
    await until("the first is closed", () => old.closedWith !== null);
    expect([seqs, kinds.filter((kind) => kind === "closed")]).toEqual([[8], []]);
  });

  test("knows who left", async () => {
    start();
    session.leave();
    expect([asked().state, asked().isLeft]).toEqual([{ kind: "closed", error: null }, true]);
  });
});
