/** No secret of a whole run stands in anything that the relay logs, answers or sends. */
import { expect, test } from "vitest";
import { RelayProcess } from "../../src/dev/relay-process.ts";
import { Rig } from "../support/broker/rig.ts";
import { Issuer } from "../support/issuer.ts";
import { inSeconds, secretToken } from "../support/tokens.ts";
import { until } from "../support/until.ts";
import { dial, refusal } from "../support/wire/dial.ts";

const MARK = "5up3r5ecret";
const SECRETS = {
  RELAY_API_TOKEN: `api-${MARK}-one api-${MARK}-two`,
  NATS_USER: "relay",
  NATS_PASS: `pass-${MARK}`,
  NATS_ACCESS_CLIENT_ID: `id-${MARK}`,
  NATS_ACCESS_CLIENT_SECRET: `access-${MARK}`,
};
const SUBJECT = "cellos.events.secrets";

/** What came out of the relay, and what must not stand in it. */
class Watch {
  readonly said: string[] = [];
  readonly #secrets = new Set<string>([MARK, btoa(MARK).slice(0, 8)]);

  secret(text: string): void {
    this.#secrets.add(text);
  }

  /** A token, as it is, as a subprotocol carries it, and its signature alone. */
  token(token: string): string {
    const signature = token.split(".")[2];
    for (const secret of [token, Buffer.from(token).toString("base64url")]) this.#secrets.add(secret);
    if (signature !== undefined && signature !== "") this.#secrets.add(signature);
    return token;
  }

  async answer(response: Response): Promise<number> {
    this.said.push(JSON.stringify([...response.headers]), await response.text());
    return response.status;
  }

  found(): string[] {
    return this.said.filter((text) => [...this.#secrets].some((secret) => text.includes(secret)));
  }
}

/** A ticket, whose sale is the only answer that may hold it. */
async function buyTicket(relay: RelayProcess, watch: Watch, token: string): Promise<string> {
  const response = await fetch(`${relay.url}/v1/tickets`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ subject: SUBJECT }),
  });
  const { ticket } = (await response.json()) as { readonly ticket: string };
  const [body = "", signature = ""] = ticket.split(".");
  watch.secret(body);
  watch.secret(signature);
  return ticket;
}

/** Every way in and out, with good credentials and bad ones. */
async function useEverything(
  relay: RelayProcess,
  watch: Watch,
  signed: (claims: object) => Promise<string>,
): Promise<void> {
  const wsUrl = `${relay.url.replace("http", "ws")}/ws/events?subject=${SUBJECT}`;
  const good = watch.token(await signed({}));
  const tokens = [
    `api-${MARK}-one`,
    good,
    watch.token(await signed({ exp: 1 })),
    watch.token(await signed({ sub: "mallory" })),
    `${good.slice(0, -6)}AAAAAA`,
    MARK,
  ];
  for (const path of ["/healthz", "/readyz", "/console.json", "/nope", "/ws/events", "/v1/grant"]) {
    for (const token of tokens) {
      const encoded = Buffer.from(watch.token(token)).toString("base64url");
      await watch.answer(
        await fetch(relay.url + path, { headers: { Authorization: `Bearer ${token}`, Origin: "https://a.example" } }),
      );
      await watch.answer(await fetch(`${relay.url}${path}?token=${token}&subject=${token}`));
      await watch.answer(
        await fetch(relay.url + path, {
          headers: { "Sec-WebSocket-Protocol": `bearer.${encoded}`, "X-Handed-On": token },
        }),
      );
    }
  }
  for (const token of tokens.slice(0, 2)) {
    const protocols = ["cellos.relay.v2", `bearer.${Buffer.from(token).toString("base64url")}`];
    const { socket, raw } = await dial(wsUrl, { protocols, closeTimeoutMs: 900 });
    watch.said.push(raw.protocol);
    await socket.type("welcome");
    socket.send(JSON.stringify({ type: "auth", token }));
    await socket.type("authorized");
    socket.send(JSON.stringify({ type: "auth", token: tokens[2] }));
    await socket.closed();
    watch.said.push(...socket.received.map(({ text }) => text));
  }
  for (const token of tokens.slice(0, 2)) {
    const ticket = await buyTicket(relay, watch, token);
    for (const path of ["/nope", "/healthz", "/v1/grant", "/ws/events"]) {
      await watch.answer(await fetch(`${relay.url}${path}?ticket=${ticket}`));
      await watch.answer(
        await fetch(`${relay.url}${path}?ticket=${ticket}`, { headers: { Authorization: `Bearer ${token}` } }),
      );
    }
    const { socket } = await dial(`${wsUrl}&ticket=${ticket}`, { protocols: ["cellos.relay.v2"], closeTimeoutMs: 900 });
    await socket.type("welcome");
    socket.send(JSON.stringify({ type: "auth", token: ticket }));
    await socket.closed();
    watch.said.push(...socket.received.map(({ text }) => text));
    for (const used of [ticket, `${ticket.slice(0, -4)}AAAA`])
      watch.said.push(JSON.stringify(await refusal(`${wsUrl}&ticket=${used}`)));
  }
  const short = await dial(wsUrl, {
    token: watch.token(await signed({ exp: inSeconds(2) })),
    protocols: ["cellos.relay.v2"],
    closeTimeoutMs: 900,
  });
  expect(await short.socket.closed()).toMatchObject({ reason: "token-expired" });
  const refused = await refusal(wsUrl, { token: MARK });
  watch.said.push(JSON.stringify(refused));
}

test("[A6] with a shared secret, and a broker that comes, goes and refuses", async () => {
  const login = { user: SECRETS.NATS_USER, pass: SECRETS.NATS_PASS };
  const extraConfig = `authorization { user: "${login.user}", password: "${login.pass}" }`;
  await using rig = await Rig.start({ ...login, extraConfig });
  await rig.createStream();
  const secret = `shared-${MARK}-shared-${MARK}-shared`;
  const watch = new Watch();
  const vars = {
    ...SECRETS,
    NATS_URL: rig.url,
    JWT_SECRET: secret,
    JWT_DENY: "mallory",
    JWT_HEADER: "X-Handed-On",
    HEARTBEAT_SECONDS: "1",
  };
  await using relay = await RelayProcess.start({ vars, onLog: (line) => watch.said.push(line) });
  const { socket, raw } = await dial(`${relay.url.replace("http", "ws")}/ws/events`, { token: `api-${MARK}-two` });
  await useEverything(relay, watch, (claims) => secretToken(secret, { ...claims }));
  await rig.act("kill");
  await until("the room has told of it", () => watch.said.some((line) => line.includes("upstream-failed")), 20_000);
  await watch.answer(await fetch(`${relay.url}/readyz`));
  raw.terminate();
  watch.said.push(...socket.received.map(({ text }) => text));
  expect(watch.said.some((text) => text.includes("upstream-lost"))).toBe(true);
  expect(watch.found()).toEqual([]);
});

test("[A6] with published keys at a secret address that fails, and with settings that are not valid", async () => {
  await using rig = await Rig.start();
  await rig.createStream();
  await using issuer = await Issuer.start();
  const watch = new Watch();
  const keys = { ...issuer.vars, JWT_JWKS_URL: `${issuer.url}?key=${MARK}` };
  const vars = {
    RELAY_API_TOKEN: SECRETS.RELAY_API_TOKEN,
    NATS_URL: rig.url,
    JWT_DENY: "mallory",
    JWT_HEADER: "X-Handed-On",
    ...keys,
  };
  {
    await using relay = await RelayProcess.start({ vars, onLog: (line) => watch.said.push(line) });
    const signed = (claims: object): Promise<string> => issuer.token({ ...claims });
    await useEverything(relay, watch, signed);
    await issuer.shut();
    const unknown = watch.token(await issuer.token({}, { kid: `kid-${MARK}` }));
    const headers = { Authorization: `Bearer ${unknown}` };
    expect(await watch.answer(await fetch(`${relay.url}/v1/grant`, { headers }))).toBe(503);
    await until("it is logged", () => watch.said.some((line) => line.includes("keys-unreachable")));
  }
  const broken = {
    ...vars,
    JWT_SECRET: MARK,
    NATS_PASS: MARK,
    JWT_PUBLIC_KEY: `key-${MARK}`,
    JWT_ALGORITHMS: `none-${MARK}`,
  };
  await using relay = await RelayProcess.start({ vars: broken, onLog: (line) => watch.said.push(line) });
  for (const path of ["/readyz", "/v1/grant", "/console.json", "/ws/events"])
    expect(await watch.answer(await fetch(relay.url + path))).toBe(503);
  await until("it is logged", () => watch.said.some((line) => line.includes("config-invalid")));
  expect(watch.found()).toEqual([]);
});
