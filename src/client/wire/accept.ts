/**
 * Which events of a frame are new, and whether anything is missing before them (V4, V10). Pure.
 *
 * `chain` is the relay's idea of the cursor on this connection: `prev` must equal it, or something was lost.
 * `seq` is the client's own: everything up to it was delivered, whoever sent it, so nothing at or below it is
 * delivered again. A relay's `welcome` may start below it, never above.
 */
import { CLOSE } from "../../protocol/codes.ts";
import { RelayError } from "./error.ts";
import type { Frame, Item } from "./frame.ts";

export interface Position {
  /** Undefined while unknown: nobody gave one, and no `welcome` has come. */
  readonly epoch?: string | undefined;
  readonly seq?: number | undefined;
  readonly chain?: number;
}

export type Accepted =
  | { readonly fresh: readonly Item[]; readonly position: Position }
  /** Events are missing: reconnect from the own cursor. Or this is another stream, where that means nothing (V6). */
  | RelayError;

export function accept(position: Position, frame: Frame): Accepted {
  const { epoch, chain } = position;
  switch (frame.type) {
    case "welcome": {
      if (epoch !== undefined && epoch !== frame.epoch)
        return new RelayError(CLOSE.streamReset.reason, CLOSE.streamReset);
      // `since=0` without an epoch asks for the oldest retained event, wherever that is (W4).
      const seq = position.seq === 0 && epoch === undefined ? undefined : position.seq;
      if (seq !== undefined && frame.cursor > seq) return new RelayError("gap");
      return { fresh: [], position: { epoch: frame.epoch, seq: seq ?? frame.cursor, chain: frame.cursor } };
    }
    case "events": {
      if (frame.prev !== chain) return new RelayError("gap");
      let seq = position.seq ?? chain;
      const fresh: Item[] = [];
      for (const numbered of frame.events) {
        if (!Number.isSafeInteger(numbered.seq)) return new RelayError("unreadable");
        if (numbered.seq <= seq) continue;
        seq = numbered.seq;
        fresh.push(numbered);
      }
      return { fresh, position: { epoch, seq, chain: frame.events.at(-1)?.seq ?? chain } };
    }
    case "heartbeat":
    case "caught-up": {
      const { cursor } = frame;
      if (chain === undefined || cursor < chain) return new RelayError("gap");
      return { fresh: [], position: { epoch, seq: Math.max(position.seq ?? cursor, cursor), chain: cursor } };
    }
    default:
      return { fresh: [], position };
  }
}
