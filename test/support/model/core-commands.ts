/** What can happen to a whole room and its broker, as data. */
import fc from "fast-check";
import type { Kind } from "./stream.ts";

export const CORE_HEARTBEAT_MS = 2_000;
export const MAX_REPLAYS = 2;

export type CoreCommand =
  | { readonly do: "publish"; readonly kind: Kind; readonly bytes: number; readonly count: number }
  | { readonly do: "join"; readonly v2: boolean; readonly back: number | null; readonly epoch: boolean }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "arrive"; readonly count: number }
  | { readonly do: "remove"; readonly count: number }
  | { readonly do: "leave"; readonly who: number }
  /** The wall clock is set. Forward is time that has passed, which is tested by itself (clock-set-forward.test.ts). */
  | { readonly do: "set-back"; readonly ms: number }
  /** Whether a client reads and acknowledges as it should, or not at all. */
  | { readonly do: "read" | "stall"; readonly who: number }
  | {
      readonly do:
        | "freeze"
        | "delay"
        | "hurry"
        | "lose-one"
        /** STREAM.INFO is answered by a side of the cluster that has no leader, until `elect`. */
        | "lose-leader"
        | "elect";
    }
  | {
      readonly do: "cut" | "down" | "up" | "delete-stream" | "new-stream" | "sleep";
    };

export const coreSettings = fc.record({
  WINDOW_BYTES: fc.constantFrom("2000", "0", "20000"),
  MAX_UNREAD_BYTES: fc.constantFrom("4096", "1024", "1048576"),
  BATCH_MS: fc.constantFrom("5", "0"),
  SEND_TIMEOUT_SECONDS: fc.constantFrom("50", "3"),
});
type Steps = fc.Arbitrary<readonly CoreCommand[]>;

const who = fc.nat(3);
const kinds = fc.constantFrom<Kind>("match", "match", "match", "other", "bad");
const bytes = fc.integer({ min: 90, max: 900 });
const publish = fc.record({
  do: fc.constant("publish" as const),
  kind: kinds,
  bytes,
  count: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 5 }) },
    { weight: 1, arbitrary: fc.integer({ min: 20, max: 300 }) },
  ),
});
const backlog = fc.record({
  do: fc.constant("publish" as const),
  kind: kinds,
  bytes,
  count: fc.integer({ min: 30, max: 300 }),
});
const join = fc.record({
  do: fc.constant("join" as const),
  v2: fc.boolean(),
  back: fc.oneof(fc.constant(null), fc.nat(10), fc.nat(400)),
  epoch: fc.boolean(),
});
const advance = fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(1, 10, 60, 300, 1_500, 6_000) });
const arrive = fc.record({ do: fc.constant("arrive" as const), count: fc.integer({ min: 1, max: 8 }) });
const remove = fc.record({ do: fc.constant("remove" as const), count: fc.integer({ min: 1, max: 60 }) });
const attention = fc.record({ do: fc.constantFrom("stall" as const, "read" as const), who });
const rare = fc.record({
  do: fc.constantFrom(
    "delay",
    "hurry",
    "lose-one",
    "cut",
    "down",
    "up",
    "delete-stream",
    "new-stream",
    "sleep",
    "lose-leader",
    "elect",
  ),
});
const setBack = fc.record({
  do: fc.constant("set-back" as const),
  ms: fc.constantFrom(50, 3_000, 120_000, 3_600_000),
});

const one = (step: fc.Arbitrary<CoreCommand>): Steps => step.map((command) => [command]);
const some = (step: fc.Arbitrary<CoreCommand>): Steps => fc.array(step, { maxLength: 3 });
const fixed = (...steps: CoreCommand[]): Steps => fc.constant(steps);
const inTurn = (...steps: Steps[]): Steps => fc.tuple(...steps).map((list) => list.flat());

/** The broker is away, and the platform takes the memory of the room. */
const outage = inTurn(
  fixed({ do: "down" }, { do: "advance", ms: 25_000 }, { do: "sleep" }),
  some(
    fc.oneof(
      publish,
      remove,
      join,
      fc.constant<CoreCommand>({ do: "sleep" }),
      fc.constant<CoreCommand>({ do: "advance", ms: 2_100 }),
    ),
  ),
  fixed({ do: "sleep" }, { do: "up" }, { do: "advance", ms: 3_000 }),
);
/** The broker hangs for longer than anything that is asked of it may take. */
const freeze = inTurn(
  fixed({ do: "freeze" }, { do: "cut" }, { do: "advance", ms: 6_000 }),
  some(fc.oneof(publish, remove, join, arrive, fc.constant<CoreCommand>({ do: "new-stream" }))),
  fixed({ do: "advance", ms: 6_000 }),
  some(fc.oneof(publish, join)),
  fixed({ do: "hurry" }, { do: "advance", ms: 300 }),
);
/** Clients that are far behind, and retention on their heels. */
const race = inTurn(
  one(backlog),
  fc.array(join, { minLength: 1, maxLength: 4 }),
  fc.array(fc.oneof(arrive, advance, remove, publish, attention), { maxLength: 6 }),
);
/** The stream changes while the consumer is being opened. */
const swap = inTurn(
  fixed({ do: "cut" }, { do: "delay" }),
  some(fc.oneof(join, fc.constant<CoreCommand>({ do: "advance", ms: 1_500 }))),
  some(arrive),
  one(fc.oneof(remove, rare, fc.constant<CoreCommand>({ do: "new-stream" }))),
  some(fc.oneof(arrive, publish)),
  fixed({ do: "hurry" }, { do: "advance", ms: 300 }),
);
/** What is read lies with the broker while the stream goes on. */
const latency = inTurn(
  fixed({ do: "delay" }),
  some(publish),
  some(fc.oneof(remove, arrive, join)),
  some(advance),
  fixed({ do: "hurry" }),
);

export const coreCommands: Steps = fc
  .array(
    fc.oneof<fc.WeightedArbitrary<readonly CoreCommand[]>[]>(
      { weight: 8, arbitrary: one(publish) },
      { weight: 6, arbitrary: one(join) },
      { weight: 8, arbitrary: one(advance) },
      { weight: 2, arbitrary: one(arrive) },
      { weight: 2, arbitrary: one(remove) },
      { weight: 1, arbitrary: one(fc.record({ do: fc.constant("leave" as const), who })) },
      { weight: 2, arbitrary: one(attention) },
      { weight: 3, arbitrary: one(rare) },
      { weight: 1, arbitrary: one(setBack) },
      { weight: 2, arbitrary: outage },
      { weight: 2, arbitrary: freeze },
      { weight: 4, arbitrary: race },
      { weight: 3, arbitrary: latency },
      { weight: 3, arbitrary: swap },
    ),
    { minLength: 1, maxLength: 20, size: "max" },
  )
  .map((list) => list.flat());
