/**
 * Who of those that wait in a room is next (U1). Pure: the oldest request of the credential that has the fewest replays
 * here. One that had its turn is queued again, so a credential with a thousand slow readers costs another one turn.
 */
export interface InLine {
  readonly credential: string;
}

/** The first of `line`, which is in order of the requests, of the credential that holds least; null when nobody waits. */
export function nextInLine<T extends InLine>(line: readonly T[], held: ReadonlyMap<string, number>): T | null {
  let next: T | null = null;
  let least = Infinity;
  for (const waiting of line) {
    const holds = held.get(waiting.credential) ?? 0;
    if (holds >= least) continue;
    next = waiting;
    least = holds;
  }
  return next;
}
