/**
 * EFFECTS: the checks of H3 that others answer: the grant's ledger, and a room of the subject, which an upgrade is handed
 * to and whose answer the client gets.
 */
import { encodeJoin, JOIN_HEADER, SHARD_HEADER, SPENT_HEADER, type JoinRequest } from "../room/join/request.ts";
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { CLOSE } from "../protocol/codes.ts";
import type { Admitted } from "./admission.ts";
import { answerPlainGet } from "./capacity.ts";
import { lackOfPlaces, takePlaces } from "./places.ts";
import { problemResponse } from "./problem.ts";
import { roomStub } from "./room-stub.ts";
import type { Placement } from "../placement/region.ts";

/** Answers a request that has passed every other check. A plain GET is told what an upgrade would be, and takes no place. */
export async function openEvents(
  admitted: Admitted,
  { ROOM, LEDGER }: Env,
  placement: Placement,
  compression: boolean,
): Promise<Response> {
  const { join, isUpgrade } = admitted;
  if (!isUpgrade) {
    const lack = await lackOfPlaces(LEDGER, admitted);
    return lack === null ? answerPlainGet(ROOM, join, placement) : problemResponse(lack);
  }
  const places = await takePlaces(LEDGER, admitted);
  if (places.kind === "refused") return problemResponse(places.reason);
  const { place, isCounted, giveBack } = places;
  let status = 0;
  try {
    const response = await joinRoom(ROOM, { ...join, place, isCounted }, placement, compression);
    status = response.status;
    return response;
  } finally {
    if (status !== 101) await giveBack();
  }
}

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
  const answer = await knock(rooms, placement, join, 0);
  const shard = Number(answer?.headers.get(SHARD_HEADER) ?? 0);
  if (answer === null || shard === 0) return toClient(answer, join, compression);
  await answer.body?.cancel();
  return toClient(await knock(rooms, placement, join, shard), join, compression);
}

async function toClient(answer: Response | null, { ticket }: JoinRequest, compression: boolean): Promise<Response> {
  if (answer === null) return problemResponse("room-busy");
  if (answer.status === 101 && answer.webSocket !== null) {
    const headers = new Headers(answer.headers);
    const isSpent = headers.has(SPENT_HEADER);
    headers.delete(SPENT_HEADER);
    if (ticket !== null && !isSpent) {
      answer.webSocket.accept();
      answer.webSocket.close(CLOSE.normal.code);
      return problemResponse("room-busy");
    }
    // Left alone, the runtime takes every offer (WS-18). An extension that nobody offered takes none, and is not sent.
    if (!compression) headers.set("Sec-WebSocket-Extensions", "none");
    return new Response(null, { status: 101, webSocket: answer.webSocket, headers });
  }
  await answer.body?.cancel();
  if (answer.status === 401) return problemResponse("ticket-spent");
  const retryAfter = answer.headers.get("Retry-After");
  if (answer.status === 503)
    return problemResponse("room-full", retryAfter === null ? {} : { "Retry-After": retryAfter });
  logEvent("room-refused", { status: answer.status });
  return problemResponse("internal-error");
}

/** The room's answer, or null when it cannot be reached now. */
async function knock(
  rooms: Env["ROOM"],
  placement: Placement,
  join: JoinRequest,
  shard: number,
): Promise<Response | null> {
  const request = { headers: { Upgrade: "websocket", [JOIN_HEADER]: encodeJoin(join) } };
  for (let attempt = 1; ; attempt += 1) {
    try {
      // A stub that threw stays broken, so each attempt takes a new one (DO-24).
      return await roomStub(rooms, placement, { subject: join.subject, shard }).fetch("https://room/join", request);
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
