/** EFFECTS: whether a room has a place, for a request that takes none (H3): it opens and stores nothing. */
import type { Placement } from "../placement/region.ts";
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import type { JoinRequest } from "../room/join/request.ts";
import { problemResponse } from "./problem.ts";
import { roomStub } from "./room-stub.ts";

/** What an upgrade in the place of this request would be told: that there is no place, or else that this is no upgrade. */
export async function answerPlainGet(
  rooms: Env["ROOM"],
  { subject, grantId }: Pick<JoinRequest, "subject" | "grantId">,
  placement: Placement,
): Promise<Response> {
  try {
    const retryAfterSeconds = await roomStub(rooms, placement, { subject, shard: 0 }).fullForSeconds(grantId);
    if (retryAfterSeconds === null) return problemResponse("not-an-upgrade");
    return problemResponse("room-full", { "Retry-After": String(retryAfterSeconds) });
  } catch (error) {
    logEvent("room-unreachable", describeError(error));
    return problemResponse("room-busy");
  }
}
