/**
 * Which events of a frame are new, and whether anything is missing before them (V4, V10). Pure.
 *
 * `chain` is the relay's idea of the cursor on this connection: `prev` must equal it, or something was lost.
 * `seq` is the client's own: everything up to it was delivered, whoever sent it, so nothing at or below it is
 * delivered again. A relay's `welcome` may start below it, never above.
 */
import type { Move } from "./frame.ts";

export interface Position {
  /** Null while unknown: nobody gave one, and no `welcome` has come. */
  readonly epoch: string | null;
  readonly seq: number | null;
  readonly chain: number | null;
}

export interface NumberedEvent {
  readonly seq: number;
  readonly event: unknown;
}

export type Accepted =
  | { readonly kind: "next"; readonly fresh: readonly NumberedEvent[]; readonly position: Position }
  /** Events are missing, or the relay is confused: reconnect from the own cursor. */
  | { readonly kind: "gap" }
  /** Another stream: the cursor means nothing there (V6). */
  | { readonly kind: "reset" };

export const startAt = (cursor: { readonly seq?: number; readonly epoch?: string | null } | null): Position => ({
  epoch: cursor?.epoch ?? null,
  seq: cursor?.seq ?? null,
  chain: null,
});

export function accept(position: Position, frame: Move): Accepted {
  switch (frame.type) {
    case "welcome":
      return acceptWelcome(position, frame.epoch, frame.cursor);
    case "events":
      return acceptEvents(position, frame.prev, frame.events);
    case "heartbeat":
    case "caught-up":
      return acceptMove(position, frame.cursor);
  }
}

function acceptWelcome({ epoch, seq }: Position, relayEpoch: string, cursor: number): Accepted {
  if (epoch !== null && epoch !== relayEpoch) return { kind: "reset" };
  // `since=0` without an epoch asks for the oldest retained event, wherever that is (W4).
  const isFree = seq === null || (seq === 0 && epoch === null);
  if (!isFree && cursor > seq) return { kind: "gap" };
  return next({ epoch: relayEpoch, seq: isFree ? cursor : seq, chain: cursor });
}

function acceptEvents(position: Position, prev: number, events: readonly NumberedEvent[]): Accepted {
  if (position.chain === null || prev !== position.chain) return { kind: "gap" };
  let seq = position.seq ?? prev;
  let chain = prev;
  const fresh: NumberedEvent[] = [];
  for (const numbered of events) {
    chain = numbered.seq;
    if (chain <= seq) continue;
    seq = chain;
    fresh.push({ seq, event: numbered.event });
  }
  return next({ epoch: position.epoch, seq, chain }, fresh);
}

function acceptMove({ epoch, seq, chain }: Position, cursor: number): Accepted {
  if (chain === null || !(cursor >= chain)) return { kind: "gap" };
  return next({ epoch, seq: Math.max(seq ?? cursor, cursor), chain: cursor });
}

const next = (position: Position, fresh: readonly NumberedEvent[] = []): Accepted => ({
  kind: "next",
  fresh,
  position,
});
