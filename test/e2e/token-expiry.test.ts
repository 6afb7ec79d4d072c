/** Signed tokens on open connections: when they expire, and how the next one takes their place. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Issuer } from "../support/issuer.ts";
import { inSeconds, secretToken, type Claims } from "../support/tokens.ts";
import { until } from "../support/until.ts";
import { joinAt, startInTurn, World, type Client } from "../support/world.ts";
import type { Relay } from "../support/relay.ts";

const SECRET = "a secret that is long enough for HS256";
/** With it the bound is five times the second of A3; the exact one is held to a clock by hand. */
const SLACK_MS = 4_000;

let world: World;

beforeAll(async () => {
  world = await World.start({ vars: { JWT_SECRET: SECRET, JWT_DENY: "mallory" } });
});
afterAll(() => world[Symbol.asyncDispose]());

const tokenFor = (claims: Claims): Promise<string> => secretToken(SECRET, claims);
const auth = (client: Client, token: string): void => client.socket.send(JSON.stringify({ type: "auth", token }));
const EXPIRED = { code: 4401, reason: "token-expired" };

/** When the last frame came that carries an event or a cursor. */
function lastCursorAtMs({ socket }: Client): number {
  const carriers = socket.received.filter(({ frame }) => frame.type !== "problem" && frame.type !== "pong");
  return carriers.at(-1)?.atMs ?? 0;
}

/** A firehose until `stop` is called; returns the seqs it published. */
function firehose(subject: string): { readonly stop: () => Promise<number[]> } {
  const end = new AbortController();
  const published = (async () => {
    const seqs: number[] = [];
    while (!end.signal.aborted) seqs.push(...(await world.publish(subject, 50)));
    return seqs;
  })();
  return {
    stop: () => {
      end.abort();
      return published;
    },
  };
}

describe("a token that expires", () => {
  test("[V3] is told in welcome, as a time and as a duration; an API token as null", async () => {
    const subject = "cellos.events.expiry.welcome";
    const exp = inSeconds(600);
    const signed = await world.join(subject, 2, { token: await tokenFor({ exp }) });
    const welcome = await signed.socket.type("welcome");
    expect(welcome.expiresAtMs).toBe(exp * 1_000);
    expect(welcome.expiresInMs).toBeGreaterThan(590_000);
    expect(welcome.expiresInMs).toBeLessThanOrEqual(600_000);
    const plain = await world.join(subject, 2);
    expect(await plain.socket.type("welcome")).toMatchObject({ expiresAtMs: null, expiresInMs: null });
    for (const { raw } of [signed, plain]) raw.terminate();
  });

  test("[A3] closes its connections in a quiet room, after the problem in version 2", async () => {
    const subject = "cellos.events.expiry.quiet";
    const exp = inSeconds(4);
    const token = await tokenFor({ exp });
    const clients = [await world.join(subject, 1, { token }), await world.join(subject, 2, { token })];
    const other = await world.join(subject, 2);
    for (const client of clients) {
      expect(await client.socket.closed()).toMatchObject(EXPIRED);
      expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000);
      expect(lastCursorAtMs(client)).toBeLessThan(exp * 1_000 + 1_000 + SLACK_MS);
      expect(client.faults).toEqual([]);
    }
    const told = clients.map(({ socket }) => socket.received.at(-1)?.frame.problem?.type);
    expect(told).toEqual([undefined, "/problems/ws/token-expired"]);
    await other.beat();
    expect(other.socket.isClosed).toBe(false);
    other.raw.terminate();
  });

  test("[A3] closes its connections in a busy room, and nothing later than a second after it is sent", async () => {
    const subject = "cellos.events.expiry.busy";
    const exp = inSeconds(4);
    const token = await tokenFor({ exp });
    const clients = [await world.join(subject, 1, { token }), await world.join(subject, 2, { token })];
    const other = await world.join(subject, 2);
    const hose = firehose(subject);
    for (const client of clients) {
      expect(await client.socket.closed()).toMatchObject(EXPIRED);
      expect(client.seqs.length).toBeGreaterThan(100);
      expect(lastCursorAtMs(client)).toBeLessThan(exp * 1_000 + 1_000 + SLACK_MS);
    }
    const seqs = await hose.stop();
    await other.reaches(seqs.at(-1) ?? 0);
    expect(other.seqs).toEqual(seqs);
    for (const client of clients) expect(client.seqs).toEqual(seqs.slice(0, client.seqs.length));
    other.raw.terminate();
  });

  test("[A3] admits nobody any more", async () => {
    const exp = inSeconds(1);
    const token = await tokenFor({ exp });
    await until("it has expired", () => Date.now() >= exp * 1_000);
    await expect(world.join("cellos.events.expiry.late", 2, { token })).rejects.toThrow("401");
  });
});

describe("a token that takes the place of another", () => {
  test("[V8] [V10] keeps a connection open through a firehose, with nothing lost and nothing twice", async () => {
    const subject = "cellos.events.renewal.busy";
    const client = await world.join(subject, 2, { token: await tokenFor({ exp: inSeconds(3) }) });
    const hose = firehose(subject);
    let exp = 0;
    for (let renewal = 0; renewal < 6; renewal += 1) {
      exp = inSeconds(3);
      auth(client, await tokenFor({ exp, jti: String(renewal) }));
      const answer = await client.socket.type("authorized");
      expect(answer.expiresAtMs).toBe(exp * 1_000);
      const beforeMs = exp * 1_000 - 1_500;
      await until("the token is about to expire", () => Date.now() > beforeMs);
    }
    expect(await client.socket.closed()).toMatchObject(EXPIRED);
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000);
    const seqs = await hose.stop();
    expect(client.seqs.length).toBeGreaterThan(200);
    expect(client.seqs).toEqual(seqs.slice(0, client.seqs.length));
    expect(client.faults).toEqual([]);
  });

  test("[V8] is answered in order, and a shorter expiry counts", async () => {
    const client = await world.join("cellos.events.renewal.order", 2, { token: await tokenFor({}) });
    const [long, short] = [inSeconds(900), inSeconds(3)];
    for (const exp of [long, short]) auth(client, await tokenFor({ exp }));
    const answers = [await client.socket.type("authorized"), await client.socket.type("authorized")];
    expect(answers.map(({ expiresAtMs }) => expiresAtMs)).toEqual([long * 1_000, short * 1_000]);
    expect(await client.socket.closed()).toMatchObject(EXPIRED);
  });

  const SUBJECT = "cellos.events.renewal.refused";
  test.each<readonly [string, () => Promise<string>, number, string, string]>([
    ["is not valid", async () => "x.y.z", 4401, "token-refused", "/problems/ws/unauthorized"],
    ["has expired", () => tokenFor({ exp: inSeconds(-1) }), 4401, "token-refused", "/problems/ws/unauthorized"],
    ["is denied", () => tokenFor({ sub: "mallory" }), 4401, "token-refused", "/problems/ws/unauthorized"],
    ["is another holder's", () => tokenFor({ sub: "bob" }), 4403, "forbidden", "/problems/ws/forbidden"],
    ["is another issuer's", () => tokenFor({ iss: "https://other/" }), 4403, "forbidden", "/problems/ws/forbidden"],
    ["covers less", () => tokenFor({ subjects: [`${SUBJECT}.x`] }), 4403, "forbidden", "/problems/ws/forbidden"],
    ["is an API token", async () => "world-token", 4403, "forbidden", "/problems/ws/forbidden"],
  ])("[V8] [C] ends the connection when it %s", async (_what, make, code, reason, type) => {
    const client = await world.join(SUBJECT, 2, { token: await tokenFor({}) });
    await client.socket.type("welcome");
    auth(client, await make());
    expect(await client.socket.closed()).toMatchObject({ code, reason });
    expect(client.socket.received.at(-1)?.frame).toMatchObject({ type: "problem", problem: { type } });
  });

  test("[V8] [W10] is not counted, but the seventh in a minute is one too many; in version 1 it is any message", async () => {
    const subject = "cellos.events.renewal.many";
    const token = await tokenFor({});
    const [first, second] = [await world.join(subject, 1, { token }), await world.join(subject, 2, { token })];
    for (let n = 0; n < 60; n += 1) second.socket.send("anything");
    for (let n = 0; n < 6; n += 1) auth(second, token);
    for (let n = 0; n < 6; n += 1) await second.socket.type("authorized");
    auth(second, token);
    expect(await second.socket.closed()).toMatchObject({ code: 1008, reason: "too many messages" });
    for (let n = 0; n < 60; n += 1) auth(first, "x");
    await first.beat();
    expect(first.faults).toEqual([]);
    auth(first, "x");
    expect(await first.socket.closed()).toMatchObject({ code: 1008, reason: "too many messages" });
  });
});

describe("an issuer that is away", () => {
  let issuer: Issuer;
  let relay: Relay;
  beforeAll(async () => {
    issuer = await Issuer.start();
    relay = await startInTurn({ NATS_URL: world.rig.url, HEARTBEAT_SECONDS: "1", ...issuer.vars });
  });
  afterAll(async () => {
    await relay.stop();
    await issuer[Symbol.asyncDispose]();
  });

  test("[V8] [A2] leaves a connection as it was, and takes the token when it is back", async () => {
    const exp = inSeconds(120);
    const client = await joinAt(relay, "cellos.events.renewal.away", 2, { token: await issuer.token({ exp }) });
    await client.socket.type("welcome");
    await issuer.shut();
    auth(client, await issuer.token({}, { kid: "not published" }));
    expect((await client.socket.type("problem")).problem?.type).toBe("/problems/ws/auth-unavailable");
    await client.beat();
    const again = inSeconds(240);
    auth(client, await issuer.token({ exp: again }));
    expect(await client.socket.type("authorized")).toMatchObject({ expiresAtMs: again * 1_000 });
    expect(client.socket.isClosed).toBe(false);
    client.raw.terminate();
  });
});
