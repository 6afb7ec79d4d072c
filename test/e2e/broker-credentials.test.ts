/** Every way of logging in to the broker, against a broker that asks for it (U3, W11). */
import { connect, credsAuthenticator } from "nats.ws";
import { createServer, request } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { NatsServer } from "../../src/dev/nats-server.ts";
import { freePort } from "../../src/dev/free-port.ts";
import { RIG_USER } from "../support/broker/admin.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { newNkey, Operator } from "../support/broker/operator.ts";
import type { Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";
import type { RigOptions } from "../support/broker/rig-control.ts";
import { joinAt, startInTurn, TOKEN } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 4 });

const SUBJECT = "cellos.events.creds.x";

const relayWith = (vars: Readonly<Record<string, string>>): Promise<Relay> =>
  startInTurn({ RELAY_API_TOKEN: TOKEN, HEARTBEAT_SECONDS: "1", ...vars });

async function expectServed(relay: Relay, publish: () => Promise<unknown>): Promise<void> {
  const followers = [await joinAt(relay, SUBJECT, 1), await joinAt(relay, SUBJECT, 2)];
  await publish();
  for (const follower of followers) {
    await follower.socket.events(1);
    expect(follower.faults).toEqual([]);
  }
}

async function expectRefused(relay: Relay): Promise<void> {
  for (const version of [1, 2] as const) {
    const { socket } = await joinAt(relay, SUBJECT, version);
    expect(await socket.closed()).toMatchObject({ code: 1008, reason: "subscribe failed" });
  }
}

/** One broker, the right settings of the relay and wrong ones. */
async function tryBoth(
  options: RigOptions,
  right: Readonly<Record<string, string>>,
  wrong: readonly Readonly<Record<string, string>>[],
): Promise<void> {
  await using rig = await Rig.start(options);
  await rig.createStream();
  await using served = await relayWith({ NATS_URL: rig.url, ...right });
  await expectServed(served, () => rig.publish([{ subject: SUBJECT, data: cloudEvent() }]));
  for (const vars of wrong) {
    await using refused = await relayWith({ NATS_URL: rig.url, ...vars });
    await expectRefused(refused);
  }
}

describe.concurrent("credentials", () => {
  test("[U3] [W11] user and password, in every character a password may have", async () => {
    const pass = `p'a"s{s}$w\\ö#`;
    const extraConfig = `authorization { users: [{ user: rig, password: rig }, { user: relay, password: ${JSON.stringify(pass)} }] }`;
    await tryBoth({ ...RIG_USER, extraConfig }, { NATS_USER: "relay", NATS_PASS: pass }, [
      { NATS_USER: "relay", NATS_PASS: "wrong" },
      { NATS_TOKEN: "relay" },
      {},
    ]);
  });

  test("[U3] [W11] a token", async () => {
    await tryBoth({ token: "s3cr3t", extraConfig: `authorization { token: "s3cr3t" }` }, { NATS_TOKEN: "s3cr3t" }, [
      { NATS_TOKEN: "wrong" },
      {},
    ]);
  });

  test("[U3] [W11] an NKEY", async () => {
    const key = newNkey();
    const extraConfig = `authorization { users: [{ user: rig, password: rig }, { nkey: ${key.publicKey} }] }`;
    await tryBoth({ ...RIG_USER, extraConfig }, { NATS_NKEY_SEED: key.seed }, [{ NATS_NKEY_SEED: newNkey().seed }]);
  });

  // Six relays are started one after the other.
  test("[U3] [W11] a creds file, for a broker that knows its accounts by JWT", { timeout: 120_000 }, async () => {
    const operator = new Operator();
    await using server = await NatsServer.start({ extraConfig: operator.config });
    const authenticator = credsAuthenticator(new TextEncoder().encode(operator.creds()));
    const connection = await connect({ servers: server.url, authenticator });
    try {
      const manager = await connection.jetstreamManager();
      await manager.streams.add({ name: "CELLOS_EVENTS", subjects: ["cellos.events.>"] });
      const forms = {
        "as nsc writes it": operator.creds(),
        bare: operator
          .creds()
          .replaceAll(/^\*+.*\n/gm, "")
          .trimEnd(),
        "with CRLF": operator.creds().replaceAll("\n", "\r\n"),
      };
      for (const [form, creds] of Object.entries(forms)) {
        await using relay = await relayWith({ NATS_URL: server.url, NATS_CREDS: creds });
        const publish = () => connection.jetstream().publish(SUBJECT, JSON.stringify(cloudEvent()));
        await expectServed(relay, publish).catch((cause: unknown) => {
          throw new Error(`The creds file ${form} was not accepted`, { cause });
        });
      }
    } finally {
      await connection.close();
    }
    const wrong: Readonly<Record<string, string>>[] = [
      { NATS_CREDS: Operator.strangersCreds() },
      { NATS_NKEY_SEED: newNkey().seed },
      {},
    ];
    for (const vars of wrong) {
      await using relay = await relayWith({ NATS_URL: server.url, ...vars });
      await expectRefused(relay);
    }
  });

  test("[U3] [W11] several brokers of which the first is dead, and of which the last one dies", async () => {
    await using rig = await Rig.start();
    await rig.createStream();
    const dead = `ws://127.0.0.1:${await freePort()}`;
    await using relay = await relayWith({ NATS_URL: `${dead}, ${rig.url}` });
    await expectServed(relay, () => rig.publish([{ subject: SUBJECT, data: cloudEvent() }]));
    const follower = await joinAt(relay, SUBJECT, 2);
    await rig.act("restart");
    const [seq = 0] = await rig.publish([{ subject: SUBJECT, data: cloudEvent() }]);
    await follower.reaches(seq);
    expect(follower.faults).toEqual([]);
  });

  test("[U3] [W11] [WD-2] a tunnel that asks for a service token in headers", async () => {
    await using rig = await Rig.start();
    await rig.createStream();
    await using tunnel = await startTunnel(rig.server.port, "the-id", "the-secret");
    const right = { NATS_ACCESS_CLIENT_ID: "the-id", NATS_ACCESS_CLIENT_SECRET: "the-secret" };
    await using served = await relayWith({ NATS_URL: tunnel.url, ...right });
    await expectServed(served, () => rig.publish([{ subject: SUBJECT, data: cloudEvent() }]));
    expect(tunnel.refused()).toBe(0);
    await using wrong = await relayWith({ NATS_URL: tunnel.url, ...right, NATS_ACCESS_CLIENT_SECRET: "wrong" });
    await expectRefused(wrong);
    expect(tunnel.refused()).toBeGreaterThan(0);
  });
});

interface Tunnel extends AsyncDisposable {
  readonly url: string;
  refused(): number;
}

/** Passes a WebSocket upgrade on to a port if it carries the service token, and answers 403 if not. */
async function startTunnel(target: number, id: string, secret: string): Promise<Tunnel> {
  let refused = 0;
  const server = createServer((_, response) => response.writeHead(404).end());
  server.on("upgrade", ({ headers, url }, socket) => {
    socket.on("error", () => {});
    if (headers["cf-access-client-id"] !== id || headers["cf-access-client-secret"] !== secret) {
      refused += 1;
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    const onward = request({ port: target, host: "127.0.0.1", path: url ?? "/", headers });
    onward.on("upgrade", (answer, broker, head) => {
      broker.on("error", () => {});
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
      socket.write(head);
      socket.pipe(broker).pipe(socket);
    });
    onward.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused: () => refused,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
