/** Where a listener sits: in this process, or in a page. */
import type { Cursor } from "../../src/client/storage.ts";
import type { Pulse, Note, Order } from "./listener.ts";

export interface Taken {
  /** Everything since it was asked last. */
  readonly notes: readonly Note[];
  readonly cursor: number | null;
  readonly pulse: Pulse | null;
}

export interface Seat {
  /** The cursor that is kept from an earlier start goes before the order's. */
  start(order: Order): Promise<void>;
  take(): Promise<Taken>;
  act(verb: "hold" | "release" | "retry"): Promise<void>;
  answerReset(cursor: Cursor | null): Promise<void>;
  /** Resolves when the running handler is through. */
  close(): Promise<void>;
  /** Throws the whole page away as it stands, and starts everything in it again; null where there is no page. */
  readonly reload: (() => Promise<void>) | null;
}
