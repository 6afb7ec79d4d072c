/**
 * EFFECTS: `cellos-relay/client`: the events of a relay, in a browser, a worker or Node.
 *
 *   const stream = new EventStream({ url: "https://relay.example", token, store: cursorIn(localStorage, "cells") });
 *   for await (const { seq, event } of stream) render(event);
 */
export { CLOSE } from "../protocol/codes.ts";
export { RelayError } from "./wire/error.ts";
export type { CloudEvent, EventStreamOptions, Handler, Reset, StreamItem } from "./options.ts";
export type { StreamState } from "./state.ts";
export { cursorIn, type Cursor, type CursorStore } from "./storage.ts";
export { EventStream } from "./stream.ts";
