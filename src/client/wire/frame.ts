/** Frames of protocol v2 as a client reads them (V2 to V5). The relay is trusted: numbers are checked where they are used. */
import type { UpstreamHealth } from "../../protocol/frames.ts";
import { splitFrame } from "./split-frame.ts";
import type { Problem } from "./error.ts";

export interface Welcome {
  readonly type: "welcome";
  readonly epoch: string;
  readonly cursor: number;
  readonly live: boolean;
  readonly heartbeatMs: number;
  readonly ackBytes: number;
  /** Older relays do not say. */
  readonly upstream?: UpstreamHealth;
  /** Null where nothing expires; not there in a relay that does not know V8. */
  readonly expiresInMs?: number | null;
}
export interface Item {
  readonly seq: number;
  readonly event: unknown;
  /** These two where they were asked for (H1), and the relay knows them. */
  readonly subject?: string;
  readonly time?: string;
}
export interface Events {
  readonly type: "events";
  readonly prev: number;
  readonly events: readonly Item[];
}
export interface CaughtUp {
  readonly type: "caught-up";
  readonly cursor: number;
}
export interface Heartbeat {
  readonly type: "heartbeat";
  readonly cursor: number;
  readonly upstream: UpstreamHealth;
}

export type Frame =
  | Welcome
  | Events
  | CaughtUp
  | Heartbeat
  /** The answer to another token (V8). */
  | { readonly type: "authorized"; readonly expiresInMs: number | null }
  | { readonly type: "problem"; readonly problem: Problem }
  /** The only text that is no JSON (V2). */
  | { readonly type: "pong" };

/** Stands for an event that cannot be read. */
export const UNREADABLE = Symbol();

type Parse = (text: string) => unknown;

const SEQ = /^\s*\{\s*"seq"\s*:\s*(\d+)\s*,/;

/**
 * Reads one text; throws what `parse` throws, save for single events (W17). A type that a later protocol knows is passed on: it moves
 * nothing.
 */
export function readFrame(text: string, parse: Parse): Frame {
  if (text === "pong") return { type: "pong" };
  try {
    // The relay is trusted with the shape of its frames; `accept` checks what order and cursor rest on.
    return parse(text) as Frame;
  } catch (error) {
    const { envelope, items } = splitFrame(text);
    const frame = parse(envelope) as Frame;
    if (frame.type !== "events") throw error;
    return { ...frame, events: items.map((item) => readItem(item, parse)) };
  }
}

function readItem(text: string, parse: Parse): Item {
  try {
    // `parse` knows whole frames.
    return (parse(`{"type":"events","prev":0,"events":[${text}]}`) as Events).events[0] as Item;
  } catch {
    return { seq: Number(SEQ.exec(text)?.[1]), event: UNREADABLE };
  }
}
