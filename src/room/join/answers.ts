/** EFFECTS: what a room answers to the edge. */
import { SHARD_HEADER, SPENT_HEADER, type JoinRequest } from "./request.ts";

/** A place is free again as soon as its coordinator hears of it. */
export const FULL_RETRY_SECONDS = 1;

/** The client's end of its socket. */
export function joined(client: WebSocket, { echoProtocol, protocol, ticket }: JoinRequest): Response {
  const headers = new Headers();
  if (echoProtocol) headers.set("Sec-WebSocket-Protocol", protocol);
  if (ticket !== null) headers.set(SPENT_HEADER, "1");
  return new Response(null, { status: 101, webSocket: client, headers });
}

/** No place here: `shard` has one, or none has. */
export function elsewhere(shard: number | null): Response {
  const headers = new Headers({ "Retry-After": String(FULL_RETRY_SECONDS) });
  if (shard !== null) headers.set(SHARD_HEADER, String(shard));
  return new Response(null, { status: 503, headers });
}

/** The ticket was spent before (H8), or nobody can tell: null. */
export function notSpent(isSpent: false | null): Response {
  return isSpent === null ? elsewhere(null) : new Response(null, { status: 401 });
}
