/**
 * The baseline: the relay somebody writes in an afternoon. Node, `ws` and one JetStream subscription for each subject;
 * no resume, no heartbeat, no bound on what a slow client costs. Says `listening <port>`.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect, DeliverPolicy, type JsMsg } from "nats.ws";
import { WebSocketServer, type WebSocket } from "ws";
import { STREAM } from "../support/broker/rig-control.ts";

const PULL = 512;

const connection = await connect({ servers: process.argv[2] ?? "" });
const jetstream = connection.jetstream();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const rooms = new Map<string, Promise<Set<WebSocket>>>();

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
server.on("upgrade", (request, socket, head) => {
  const subject = new URL(request.url ?? "/", "http://bridge").searchParams.get("subject") ?? "";
  const opening = rooms.get(subject) ?? subscribe(subject);
  rooms.set(subject, opening);
  opening.then(
    (room) =>
      sockets.handleUpgrade(request, socket, head, (client) => {
        room.add(client);
        client.on("error", () => {});
        client.on("close", () => room.delete(client));
      }),
    () => socket.destroy(),
  );
});
console.log(`listening ${(server.address() as AddressInfo).port}`);

/** Reads new events of one subject for all its clients, until the last one has left. */
async function subscribe(subject: string): Promise<Set<WebSocket>> {
  const room = new Set<WebSocket>();
  const consumer = await jetstream.consumers.get(STREAM, {
    filterSubjects: subject,
    deliver_policy: DeliverPolicy.New,
  });
  const messages = await consumer.consume({ max_messages: PULL, callback: (message) => send(room, message) });
  const idle = setInterval(() => {
    if (room.size > 0) return;
    clearInterval(idle);
    rooms.delete(subject);
    void messages.close();
  }, 2_000);
  return room;
}

/** Encoded once for all. */
function send(room: ReadonlySet<WebSocket>, message: JsMsg): void {
  const frame = Buffer.from(`{"seq":${message.seq},"event":${message.string()}}`);
  for (const client of room) client.send(frame, { binary: false });
}
