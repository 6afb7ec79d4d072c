/** What can happen to a room, as data: a counterexample is a list of these. */
import fc from "fast-check";
import type { Kind } from "./stream.ts";

/** Where a client wants to start, relative to the room at that moment. */
export type Place =
  | "none"
  | "oldest"
  | "below-retention"
  | "below-window"
  | "in-window"
  | "at-R"
  | "above-R"
  | "above-last";

export type Command =
  | { readonly do: "publish"; readonly kind: Kind; readonly bytes: number; readonly count: number }
  /** The room's consumer brings the next entries; with `flush` the batch is sent in the same turn. */
  | { readonly do: "read"; readonly count: number; readonly flush: boolean }
  | { readonly do: "flush" | "heartbeat" | "serve" | "reopen" | "reset" | "sleep" | "at-head" | "drain-closed" }
  | {
      readonly do: "join";
      readonly v2: boolean;
      readonly at: Place;
      readonly epoch: boolean;
      readonly expires: boolean;
    }
  | { readonly do: "drain"; readonly who: number; readonly frames: number }
  | { readonly do: "ping" | "leave" | "die"; readonly who: number }
  /** ReplayQueue read so many entries, or hand over what they have read. */
  | { readonly do: "fetch"; readonly count: number }
  | { readonly do: "deliver" }
  | { readonly do: "remove"; readonly count: number }
  | { readonly do: "wait"; readonly ms: number };

export interface Setup {
  readonly windowBytes: number;
  readonly maxUnreadBytes: number;
  readonly maxUnprovenBytes: number;
  readonly maxQueuedBytes: number;
}

export const HEARTBEAT_MS = 1_000;
export const SEND_TIMEOUT_MS = 2_000;

export const setups: fc.Arbitrary<Setup> = fc.record({
  windowBytes: fc.constantFrom(4_000, 0, 100_000, 4_000_000),
  maxUnreadBytes: fc.constantFrom(8_000, 1_024, 200_000, 1_048_576),
  maxUnprovenBytes: fc.constantFrom(32 * 1_048_576, 1_024, 3 * 1_048_576),
  maxQueuedBytes: fc.constantFrom(48 * 1_048_576, 48 * 1_048_576, 20_000, 1_024),
});

const who = fc.nat(5);
const kinds = fc.constantFrom<Kind>("match", "match", "match", "match", "other", "other", "bad");
const places = fc.constantFrom<Place>(
  "none",
  "at-R",
  "in-window",
  "below-window",
  "above-R",
  "oldest",
  "below-retention",
  "above-last",
);
const sizes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 40, max: 1_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1_000, max: 90_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(66_000, 300_000, 1_200_000) },
);
const publish = fc.record({
  do: fc.constant("publish" as const),
  kind: kinds,
  bytes: sizes,
  count: fc.integer({ min: 1, max: 6 }),
});
/** More than one frame holds. */
const flood = fc.record({
  do: fc.constant("publish" as const),
  kind: fc.constant<Kind>("match"),
  bytes: fc.integer({ min: 40, max: 300 }),
  count: fc.integer({ min: 200, max: 600 }),
});
const read = fc.record({
  do: fc.constant("read" as const),
  count: fc.integer({ min: 1, max: 12 }),
  flush: fc.boolean(),
});
const catchUpRead = fc.constant({ do: "read" as const, count: 1_000, flush: true });
const rarely = fc.nat(9).map((n) => n === 9);
const join = fc.record({
  do: fc.constant("join" as const),
  v2: fc.boolean(),
  at: places,
  epoch: fc.boolean(),
  expires: rarely,
});
const simple = (
  name: "flush" | "heartbeat" | "serve" | "reopen" | "reset" | "sleep" | "at-head" | "deliver" | "drain-closed",
) => fc.constant({ do: name });

export const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof<fc.WeightedArbitrary<Command>[]>(
    { weight: 24, arbitrary: publish },
    { weight: 3, arbitrary: flood },
    { weight: 21, arbitrary: read },
    { weight: 6, arbitrary: catchUpRead },
    { weight: 18, arbitrary: join },
    {
      weight: 15,
      arbitrary: fc.record({ do: fc.constant("drain" as const), who, frames: fc.integer({ min: 1, max: 40 }) }),
    },
    { weight: 15, arbitrary: fc.record({ do: fc.constant("ping" as const), who }) },
    { weight: 12, arbitrary: simple("heartbeat") },
    { weight: 9, arbitrary: simple("flush") },
    { weight: 9, arbitrary: simple("serve") },
    { weight: 9, arbitrary: fc.record({ do: fc.constant("fetch" as const), count: fc.integer({ min: 1, max: 30 }) }) },
    { weight: 9, arbitrary: simple("deliver") },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("wait" as const),
        ms: fc.constantFrom(10, 400, 700, 1_100, 2_100, 5_100),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("leave" as const, "die" as const), who }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("remove" as const), count: fc.integer({ min: 1, max: 20 }) }) },
    { weight: 3, arbitrary: simple("at-head") },
    { weight: 3, arbitrary: simple("drain-closed") },
    { weight: 3, arbitrary: simple("reopen") },
    { weight: 1, arbitrary: simple("reset") },
    { weight: 3, arbitrary: simple("sleep") },
  ),
  { minLength: 1, maxLength: 60, size: "max" },
);
