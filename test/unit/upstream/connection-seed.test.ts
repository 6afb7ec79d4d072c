import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";
import type { NatsAuth } from "../../../src/config/config.ts";
import { openConnection } from "../../../src/upstream/nats-connection.ts";
import { newNkey, Operator } from "../../support/broker/operator.ts";

const INFO = { version: "2.10.0", headers: true, max_payload: 1024, nonce: "n", auth_required: true, proto: 1 };
const ACCOUNT = `SA${newNkey().seed.slice(2)}`;

const cases: readonly (readonly [string, NatsAuth])[] = [
  ["an NKEY", { kind: "nkey", seed: ACCOUNT }],
  ["a creds file", { kind: "creds", creds: new Operator().creds().replace(/^SU\w+$/m, ACCOUNT) }],
];

test.each(cases)("[W11] a seed in %s that cannot sign is refused, though no broker has seen it", async (_, auth) => {
  const broker = new WebSocketServer({ port: 0 });
  try {
    await once(broker, "listening");
    broker.on("connection", (socket) => socket.send(Buffer.from(`INFO ${JSON.stringify(INFO)}\r\n`)));
    const { port } = broker.address() as AddressInfo;
    const opened = openConnection({ servers: [`ws://127.0.0.1:${port}`], auth, access: null }, "test", () => {});
    await expect(opened).rejects.toMatchObject({ verdict: "refused", message: expect.stringContaining("nkeys: ") });
    await expect(opened).rejects.not.toThrow(ACCOUNT);
  } finally {
    for (const socket of broker.clients) socket.terminate();
    broker.close();
  }
});
