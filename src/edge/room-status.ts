/** EFFECTS: asks the rooms of a subject how they are (O4). It takes no place, and opens and stores nothing. */
import type { Config } from "../config/config.ts";
import { allPlacements, placementFor, type CallerLocation, type Placement } from "../placement/region.ts";
import { statusReport, type RoomAnswer } from "../protocol/status.ts";
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { callerOf } from "./caller.ts";
import { problemResponse } from "./problem.ts";
import { hasTooManyRequests } from "./rate-limits.ts";
import { roomStub } from "./room-stub.ts";
import { admitStatus } from "./status-request.ts";

export async function answerStatusRequest(request: Request, env: Env, config: Config): Promise<Response> {
  const question = admitStatus(await callerOf(request, env, config, "ignored"), new URL(request.url).search, config);
  if (question.kind === "refused") return problemResponse(question.reason);
  if (await hasTooManyRequests(question.grant.id, env)) return problemResponse("too-many-requests");
  const { subject, all } = question;
  // The types leave open which request has which `cf`, as in app.ts.
  const place = request.cf as CallerLocation | undefined;
  const placements = all ? allPlacements(config.roomPlacement) : [placementFor(config.roomPlacement, place)];
  try {
    const answers = await Promise.all(placements.map((placement) => askRegion(env.ROOM, subject, placement)));
    return Response.json(statusReport(subject, answers.flat()), { headers: { "Cache-Control": "no-store" } });
  } catch (error) {
    logEvent("room-unreachable", describeError(error));
    return problemResponse("room-busy");
  }
}

/** The coordinator, and then the shards that it knows. */
async function askRegion(rooms: Env["ROOM"], subject: string, placement: Placement): Promise<readonly RoomAnswer[]> {
  const ask = (shard: number): Promise<{ readonly answer: RoomAnswer | null; readonly shards: number }> =>
    roomStub(rooms, placement, { subject, shard }).status();
  const coordinator = await ask(0);
  const others = Array.from({ length: coordinator.shards - 1 }, (_, index) => ask(index + 1));
  const replies = [coordinator, ...(await Promise.all(others))];
  return replies.map(({ answer }) => answer).filter((answer) => answer !== null);
}
