/** Something that begins like a broker and then speaks no NATS: it is left, slowly tried again, and quoted nowhere. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { RelayProcess } from "../../src/dev/relay-process.ts";
import { dial } from "../support/wire/dial.ts";
import { until } from "../support/until.ts";
import { TOKEN } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 2, testTimeout: 120_000 });

const SECRET = "hunter2";
const INFO = `INFO ${JSON.stringify({ server_id: "x", version: "2.10.0", headers: true, max_payload: 1_000_000, proto: 1 })}\r\n`;

/** A listener whose connections `speak` drives; says how many there were. */
async function impostor(
  speak: (socket: WebSocket, text: string) => void,
  first = INFO,
): Promise<AsyncDisposable & { readonly url: string; connections: number }> {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  const it = {
    url: "",
    connections: 0,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  sockets.on("connection", (socket) => {
    it.connections++;
    socket.on("error", () => {});
    socket.on("message", (data: Buffer) => speak(socket, data.toString("latin1")));
    socket.send(Buffer.from(first));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  it.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return it;
}

interface Impostor {
  readonly name: string;
  readonly speak: (socket: WebSocket, text: string) => void;
  readonly first?: string;
}

const IMPOSTORS: readonly Impostor[] = [
  { name: "breaks off into bytes of its own", speak: (socket) => socket.send(Buffer.from(`${SECRET}\r\n`)) },
  {
    name: "answers the first request so",
    speak: (socket, text) => socket.send(Buffer.from(text.includes("PUB ") ? `MSG ${SECRET} x y z\r\n` : "PONG\r\n")),
  },
  { name: "greets with no INFO", speak: () => {}, first: `${SECRET}\r\n` },
];

describe.concurrent("an impostor of a broker", () => {
  test.each(IMPOSTORS)("[W11] [A6] [O3] [W17] that $name", async ({ speak, first }) => {
    await using broker = await impostor(speak, first);
    const lines: string[] = [];
    await using relay = await RelayProcess.start({
      vars: { NATS_URL: broker.url, RELAY_API_TOKEN: TOKEN, HEARTBEAT_SECONDS: "1" },
      onLog: (line) => lines.push(line),
    });
    const url = `${relay.url.replace("http", "ws")}/ws/events?subject=cellos.events.x`;
    const { socket } = await dial(url, { token: TOKEN });
    expect(await socket.closed(30_000)).toMatchObject({ code: 1013, reason: "upstream unavailable" });
    await until("the failure is logged", () => lines.find((line) => line.includes("upstream-failed")), 30_000);
    expect(lines.join("\n")).not.toContain(SECRET);
    // Ten seconds of joining, with a second at most between two tries, and each try up to two sockets.
    expect(broker.connections).toBeLessThan(60);
  });
});
