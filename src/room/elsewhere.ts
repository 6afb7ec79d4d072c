/** EFFECTS: the answer of a room that has no place for a client (B2). */
import { SHARD_HEADER } from "./join/request.ts";

/** A place is free again as soon as its coordinator hears of it. */
export const FULL_RETRY_SECONDS = 1;

/** No place here: `shard` has one, or none has. */
export function elsewhere(shard: number | null): Response {
  const headers = new Headers({ "Retry-After": String(FULL_RETRY_SECONDS) });
  if (shard !== null) headers.set(SHARD_HEADER, String(shard));
  return new Response(null, { status: 503, headers });
}
