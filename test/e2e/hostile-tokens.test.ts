/** Tokens that nobody should be admitted by, at the front door; beside each family good neighbours that are. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAMILIES, type HostileContext } from "../support/hostile/tokens.ts";
import { Issuer } from "../support/issuer.ts";
import { startRelay, type Relay } from "../support/relay.ts";

let relay: Relay;
let attacker: Server;
let context: HostileContext;
let asked = 0;

beforeAll(async () => {
  attacker = createServer((_request, response) => {
    asked += 1;
    response.end('{"keys":[]}');
  });
  await new Promise<void>((resolve) => attacker.listen(0, "127.0.0.1", resolve));
  const issuer = await Issuer.start();
  context = { issuer, attackerUrl: `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/keys` };
  relay = await startRelay({ vars: { ...issuer.vars, RELAY_API_TOKEN: "api", JWT_DENY: "mallory token%201" } });
});
afterAll(async () => {
  await relay.stop();
  await context.issuer.shut();
  attacker.close();
});

/** The same request in each way that a token can be presented. */
async function ask(token: string): Promise<readonly Response[]> {
  const encoded = Buffer.from(token).toString("base64url");
  const url = `${relay.url}/ws/events`;
  return Promise.all([
    fetch(url, { headers: { Authorization: `Bearer ${token}` } }),
    fetch(url, { headers: { "Sec-WebSocket-Protocol": `cellos.relay.v2, bearer.${encoded}` } }),
    fetch(`${relay.url}/v1/grant`, { headers: { Authorization: `Bearer ${token}` } }),
  ]);
}

describe.each(FAMILIES)("$name", ({ hostile, good }) => {
  test.each(Object.entries(hostile))("[A2] [H2] refuses %s", async (_name, make) => {
    const token = await make(context);
    for (const response of await ask(token)) {
      expect(response.status).toBe(401);
      expect(response.headers.get("WWW-Authenticate")).toBe('Bearer error="invalid_token"');
      const body = await response.text();
      expect(JSON.parse(body)).toMatchObject({ type: "/problems/unauthorized", status: 401 });
      expect(body).not.toContain(token);
    }
  });

  test.each(Object.entries(good))("[A2] admits its good neighbour: %s", async (_name, make) => {
    const answers = await ask(await make(context));
    expect(answers.map(({ status }) => status)).toEqual([426, 426, 200]);
  });
});

test("[A2] no address in a token was asked for keys, and the issuer's own hardly more than once", () => {
  expect(asked).toBe(0);
  expect(context.issuer.asked).toBeLessThanOrEqual(4);
});

test("[A2] the table is as large as it says", () => {
  expect(FAMILIES.flatMap(({ hostile }) => Object.keys(hostile)).length).toBeGreaterThanOrEqual(75);
});
