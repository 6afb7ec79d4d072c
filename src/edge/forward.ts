/** EFFECTS: hands an admitted upgrade to a room of its subject, and the room's answer back to the client. */
import { encodeJoin, JOIN_HEADER, SHARD_HEADER, type JoinRequest } from "../room/join/request.ts";
import { roomName, type RoomId } from "../placement/room-name.ts";
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { problemResponse } from "./problem.ts";
import type { Placement } from "../placement/region.ts";

/**
 * Answers 101 with the room's socket, or a refusal: 503 with `Retry-After` when there is no place (H3). Asks the
 * subject's coordinator first, and then the shard that it names: never more than two rooms (B2).
 */
export async function joinRoom(
  rooms: Env["ROOM"],
  join: JoinRequest,
  placement: Placement,
  compression: boolean,
): Promise<Response> {
  const coordinator = { region: placement.region, subject: join.subject, shard: 0 };
  const answer = await knock(rooms, coordinator, placement, join);
  const shard = Number(answer?.headers.get(SHARD_HEADER) ?? 0);
  if (answer === null || shard === 0) return toClient(answer, compression);
  await answer.body?.cancel();
  return toClient(await knock(rooms, { ...coordinator, shard }, placement, join), compression);
}

async function toClient(answer: Response | null, compression: boolean): Promise<Response> {
  if (answer === null) return problemResponse("room-busy");
  if (answer.status === 101 && answer.webSocket !== null) {
    const headers = new Headers(answer.headers);
    // Left alone, the runtime takes every offer (WS-18). An extension that nobody offered takes none, and is not sent.
    if (!compression) headers.set("Sec-WebSocket-Extensions", "none");
    return new Response(null, { status: 101, webSocket: answer.webSocket, headers });
  }
  await answer.body?.cancel();
  const retryAfter = answer.headers.get("Retry-After");
  if (answer.status === 503)
    return problemResponse("room-full", retryAfter === null ? {} : { "Retry-After": retryAfter });
  logEvent("room-refused", { status: answer.status });
  return problemResponse("internal-error");
}

/** The room's answer, or null when it cannot be reached now. */
async function knock(rooms: Env["ROOM"], id: RoomId, { hint }: Placement, join: JoinRequest): Promise<Response | null> {
  const request = { headers: { Upgrade: "websocket", [JOIN_HEADER]: encodeJoin(join) } };
  const options = hint === null ? {} : { locationHint: hint };
  for (let attempt = 1; ; attempt += 1) {
    try {
      // A stub that threw stays broken, so each attempt takes a new one (DO-24).
      return await rooms.getByName(roomName(id), options).fetch("https://room/join", request);
    } catch (error) {
      // What the platform puts on the errors of a stub (DO-24).
      const { overloaded = false, retryable = false } = Object(error) as {
        readonly overloaded?: boolean;
        readonly retryable?: boolean;
      };
      if (!overloaded && !retryable) throw error;
      // An overloaded room would only be loaded more by a second try.
      if (!overloaded && attempt === 1) continue;
      logEvent("room-unreachable", { overloaded, ...describeError(error) });
      return null;
    }
  }
}
