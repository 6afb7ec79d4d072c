/** Hands an admitted upgrade to its room, and the room's answer back to the client. */
import { encodeJoin, JOIN_HEADER, type JoinRequest } from "../room/join.ts";
import { describeError, logEvent } from "../shared/log.ts";
import { problemResponse } from "./problem.ts";
import { roomName } from "./room-name.ts";

/** Answers 101 with the room's socket, or a refusal: 503 with `Retry-After` when the room is full or overloaded (H3). */
export async function joinRoom(rooms: Env["ROOM"], join: JoinRequest): Promise<Response> {
  const answer = await knock(rooms, join);
  if (answer === null) return problemResponse("room-busy");
  if (answer.status === 101 && answer.webSocket !== null) {
    return new Response(null, { status: 101, webSocket: answer.webSocket, headers: answer.headers });
  }
  await answer.body?.cancel();
  const retryAfter = answer.headers.get("Retry-After");
  if (answer.status === 503) return problemResponse("room-full", retryAfter === null ? {} : { "Retry-After": retryAfter });
  logEvent("room-refused", { status: answer.status });
  return problemResponse("internal-error");
}

/** The room's answer, or null when it cannot be reached now. */
async function knock(rooms: Env["ROOM"], join: JoinRequest): Promise<Response | null> {
  const request = { headers: { Upgrade: "websocket", [JOIN_HEADER]: encodeJoin(join) } };
  for (let attempt = 1; ; attempt += 1) {
    try {
      // PLATFORM H5: a stub that threw stays broken, so each attempt takes a new one.
      return await rooms.getByName(roomName(join.subject)).fetch("https://room/join", request);
    } catch (error) {
      const { overloaded = false, retryable = false } = Object(error) as { readonly overloaded?: boolean; readonly retryable?: boolean };
      if (!overloaded && !retryable) throw error;
      // An overloaded room would only be loaded more by a second try.
      if (!overloaded && attempt === 1) continue;
      logEvent("room-unreachable", { overloaded, ...describeError(error) });
      return null;
    }
  }
}
