/** An issuer in every kind of trouble, as a client at the front door sees it. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ALGORITHMS, Issuer } from "../support/issuer.ts";
import { until } from "../support/until.ts";
import { startInTurn } from "../support/world.ts";
import type { Relay } from "../support/relay.ts";

let issuer: Issuer;
let relay: Relay;

beforeEach(async () => {
  issuer = await Issuer.start();
  relay = await startInTurn({ ...issuer.vars, RELAY_API_TOKEN: "api" });
});
afterEach(async () => {
  await relay.stop();
  await issuer[Symbol.asyncDispose]();
});

const ask = (token: string): Promise<Response> =>
  fetch(`${relay.url}/v1/grant`, { headers: { Authorization: `Bearer ${token}` } });
const status = async (token: string): Promise<number> => (await ask(token)).status;

async function expectUnavailable(token: string): Promise<void> {
  const answer = await ask(token);
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect(await answer.json()).toMatchObject({ type: "/problems/service-unavailable" });
}

describe("an issuer", () => {
  test("[A2] that nobody answers for refuses nobody as wrong and admits nobody, until it answers", async () => {
    await issuer.shut();
    for (const alg of ALGORITHMS) await expectUnavailable(await issuer.token({}, { alg }));
    expect([await status("no.such.token"), await status("api")]).toEqual([401, 200]);
    await issuer.listen();
    const token = await issuer.token();
    await until("its keys are there", async () => (await status(token)) === 200);
    for (const alg of ALGORITHMS) expect(await status(await issuer.token({}, { alg }))).toBe(200);
  });

  test("[A2] is asked once by a crowd, and once more for all keys that it never had", async () => {
    const tokens = await Promise.all(Array.from({ length: 60 }, (_, n) => issuer.token({ sub: `s${n}` })));
    const statuses = await Promise.all(tokens.map(status));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(issuer.asked).toBe(1);
    const unknown = await Promise.all(Array.from({ length: 60 }, (_, n) => issuer.token({}, { kid: `k${n}` })));
    expect(new Set(await Promise.all(unknown.map(status)))).toEqual(new Set([401]));
    expect(issuer.asked).toBe(2);
  });

  test("[A2] that rotates its keys is believed at once, and its old keys are not", async () => {
    const old = await issuer.token();
    expect(await status(old)).toBe(200);
    await issuer.rotate();
    expect([await status(await issuer.token()), await status(old)]).toEqual([200, 401]);
  });

  test("[A2] that goes away keeps the clients it had; nobody knows of a new key", async () => {
    const known = await issuer.token();
    expect(await status(known)).toBe(200);
    await issuer.shut();
    await expectUnavailable(await issuer.token({}, { kid: "new" }));
    expect(await status(known)).toBe(200);
  });

  test("[A2] that hangs costs a request a few seconds, and others none of theirs", async () => {
    issuer.mood = "hangs";
    const waiting = ask(await issuer.token());
    await until("it has been asked", () => issuer.asked > 0);
    expect(await status("api")).toBe(200);
    expect((await waiting).status).toBe(503);
  });

  test("[A2] that answers nonsense is 503, and a thousand keys in a strange wrapping are keys", async () => {
    for (const mood of ["500", "no JSON", "redirects", "no key set"] as const) {
      issuer.mood = mood;
      const asked = issuer.asked;
      await until(`it was asked: ${mood}`, async () => {
        await expectUnavailable(await issuer.token());
        return issuer.asked > asked;
      });
    }
    issuer.mood = "wrong content type";
    await issuer.publishMore(1_000);
    const token = await issuer.token();
    await until("its keys are there", async () => (await status(token)) === 200);
  });
});
