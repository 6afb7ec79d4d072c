/**
 * Names of rooms: `v1:<region>:<subject>#<shard>`. A room never moves and keeps its name for ever, so whatever
 * changes what a room is (its place, its storage) takes a new generation instead of `v1`. Pure.
 */
export interface RoomId {
  /** A location hint, or a word of its own when there is none. */
  readonly region: string;
  readonly subject: string;
  /** 0 is the coordinator of the subject's shards (B2). */
  readonly shard: number;
}

export function roomName({ region, subject, shard }: RoomId): string {
  return `v1:${region}:${subject}#${shard}`;
}

/** Reads a name back; null when it is none of ours. */
export function parseRoomName(name: string | undefined): RoomId | null {
  const match = /^v1:([^:]+):(.+)#(\d+)$/s.exec(name ?? "");
  if (match === null) return null;
  const [, region = "", subject = "", shard] = match;
  return { region, subject, shard: Number(shard) };
}
