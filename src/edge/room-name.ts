/**
 * Name of the room of `subject`: `v1:<region>:<subject>#<shard>`. A room never moves and keeps its name for ever,
 * so whatever changes what a room is (its place, its storage) takes a new generation instead of `v1`.
 */
export function roomName(subject: string, region = "global", shard = 0): string {
  return `v1:${region}:${subject}#${shard}`;
}
