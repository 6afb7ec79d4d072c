/** EFFECTS: the way from the edge to a room. */
import type { Placement } from "../placement/region.ts";
import { roomName, type RoomId } from "../placement/room-name.ts";

/** A new stub of a shard of the subject's room, made near `placement` if it is not there yet (DO-26). */
export function roomStub(
  rooms: Env["ROOM"],
  { region, hint }: Placement,
  { subject, shard }: Omit<RoomId, "region">,
): ReturnType<Env["ROOM"]["getByName"]> {
  return rooms.getByName(roomName({ region, subject, shard }), hint === null ? {} : { locationHint: hint });
}
