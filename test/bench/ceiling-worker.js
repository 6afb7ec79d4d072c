/**
 * The most a Durable Object can do for a fan-out of one frame for each event and client: it only sends constants.
 * `GET /?subject=` upgrades; `POST /?subject=&count=` with a frame as its body sends that to all, `count` times.
 */
import { DurableObject } from "cloudflare:workers";

export class Ceiling extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  async fetch(request) {
    if (request.method === "POST") {
      const frame = await request.text();
      const count = Number(new URL(request.url).searchParams.get("count"));
      const sockets = this.ctx.getWebSockets();
      for (let sent = 0; sent < count; sent += 1) for (const socket of sockets) socket.send(frame);
      return new Response(null, { status: 204 });
    }
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage() {}

  webSocketClose(socket) {
    socket.close(1000);
  }
}

export default {
  fetch: (request, env) => env.CEILING.getByName(new URL(request.url).searchParams.get("subject")).fetch(request),
};
