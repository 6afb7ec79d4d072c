/** Whether whoever answers for a stream that a cluster holds leads it. Pure. */

/**
 * How long ago a leader must have heard from most of its members: the others elect another after 4 s without it at the
 * earliest (JS-24). The rest is for the way of an answer.
 */
const LEASE_NANOS = 3e9;

type Members = Readonly<Record<string, unknown>>;

/** Why an answer with this `cluster` in it says nothing about the stream as it is; null when it may be believed. */
export function doubtOf(cluster: unknown): string | null {
  if (typeof cluster !== "object" || cluster === null) return null;
  const { leader, replicas } = cluster as Members;
  if (typeof leader !== "string" || leader === "") return "the stream has no leader";
  if (!Array.isArray(replicas)) return null;
  const heard = replicas.filter(isHeard).length;
  return (heard + 1) * 2 > replicas.length + 1 ? null : "the stream's leader hears no majority";
}

function isHeard(replica: unknown): boolean {
  const { offline, active } = Object(replica) as Members;
  return offline !== true && !(Number(active) > LEASE_NANOS);
}
