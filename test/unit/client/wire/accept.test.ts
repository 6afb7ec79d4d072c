import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accept, type Position } from "../../../../src/client/wire/accept.ts";
import { RelayError } from "../../../../src/client/wire/error.ts";
import type { Frame } from "../../../../src/client/wire/frame.ts";

const welcome = (cursor: number, epoch = "e"): Frame => ({
  type: "welcome",
  epoch,
  cursor,
  live: false,
  heartbeatMs: 1,
  ackBytes: 1,
});
const events = (prev: number, ...seqs: readonly number[]): Frame => ({
  type: "events",
  prev,
  events: seqs.map((seq) => ({ seq, event: seq })),
});
const heartbeat = (cursor: number): Frame => ({ type: "heartbeat", cursor, upstream: "connected" });
/** What came of a frame: the fresh seqs and the own cursor after it, or the reason of the error. */
const told = (position: Position, frame: Frame): unknown => {
  const accepted = accept(position, frame);
  if (accepted instanceof RelayError) return accepted.reason;
  return { fresh: accepted.fresh.map(({ seq }) => seq), ...accepted.position };
};
const at = (seq: number, chain = seq): Position => ({ epoch: "e", seq, chain });

describe("[V4] [V10] what a frame brings", () => {
  test("welcome says where a stream without a cursor starts", () => {
    expect(told({}, welcome(7))).toEqual({ fresh: [], epoch: "e", seq: 7, chain: 7 });
  });

  test("[W4] since=0 without an epoch starts at the oldest retained, whatever its number", () => {
    expect(told({ seq: 0 }, welcome(41))).toMatchObject({ seq: 41, chain: 41 });
    expect(told({ seq: 0, epoch: "e" }, welcome(41))).toBe("gap");
  });

  test("welcome above the own cursor is a gap, below it a repetition", () => {
    expect(told(at(5), welcome(6))).toBe("gap");
    expect(told(at(5), welcome(3))).toMatchObject({ seq: 5, chain: 3 });
  });

  test("[V6] another epoch is a reset", () => {
    expect(told(at(5), welcome(5, "other"))).toBe("stream-reset");
  });

  test("events follow the chain, or are a gap", () => {
    expect(told(at(5), events(5, 6, 9))).toMatchObject({ fresh: [6, 9], seq: 9, chain: 9 });
    expect(told(at(5), events(6, 7))).toBe("gap");
    expect(told(at(5), events(4, 5, 6))).toBe("gap");
    expect(told({ seq: 5, epoch: "e" }, events(5, 6))).toBe("gap");
  });

  test("what was delivered is dropped, whoever sent it", () => {
    expect(told(at(8, 5), events(5, 6, 8, 9))).toMatchObject({ fresh: [9], seq: 9, chain: 9 });
    expect(told(at(5), events(5, 7, 7, 6, 8))).toMatchObject({ fresh: [7, 8] });
  });

  test("heartbeat and caught-up move the cursor, and never back", () => {
    expect(told(at(5), heartbeat(9))).toMatchObject({ fresh: [], seq: 9, chain: 9 });
    expect(told(at(9, 5), { type: "caught-up", cursor: 7 })).toMatchObject({ seq: 9, chain: 7 });
    expect(told(at(5), heartbeat(4))).toBe("gap");
    expect(told({ seq: 5 }, heartbeat(9))).toBe("gap");
  });

  test("pong, problem and what a later protocol sends move nothing", () => {
    const later = { type: "weather", cursor: 99 } as unknown as Frame;
    for (const frame of [{ type: "pong" }, { type: "problem", problem: {} }, later] as const) {
      expect(told(at(5), frame)).toEqual({ fresh: [], ...at(5) });
    }
  });
});

type Action =
  | { readonly kind: "publish"; readonly matches: readonly boolean[] }
  | { readonly kind: "send"; readonly count: number; readonly fate: "arrives" | "is lost" | "arrives twice" }
  | { readonly kind: "heartbeat" }
  | { readonly kind: "stop half-way"; readonly handled: number }
  | { readonly kind: "reconnect"; readonly below: number }
  | { readonly kind: "purge" | "recreate" };

const fate = fc.constantFrom("arrives" as const, "arrives" as const, "is lost" as const, "arrives twice" as const);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant("publish" as const), matches: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }) }),
  fc.record({ kind: fc.constant("send" as const), count: fc.integer({ min: 1, max: 4 }), fate }),
  fc.record({ kind: fc.constant("heartbeat" as const) }),
  fc.record({ kind: fc.constant("stop half-way" as const), handled: fc.nat(3) }),
  fc.record({ kind: fc.constant("reconnect" as const), below: fc.nat(3) }),
  fc.record({ kind: fc.constantFrom("purge" as const, "recreate" as const) }),
);

/** A relay that keeps its word, on a network that does not, and the client as `intake.ts` runs it. */
class World {
  epoch = 1;
  lastSeq = 0;
  firstSeq = 1;
  matching: number[] = [];
  /** The relay's idea of the client's cursor. */
  sent = 0;
  position: Position = {};
  /** Since the last start: what was handled, and above which cursor. */
  handled: number[] = [];
  base = 0;
  resets = 0;

  constructor() {
    this.connect(0);
  }

  run(step: Action): void {
    if (step.kind === "publish") {
      for (const matches of step.matches) if (++this.lastSeq > 0 && matches) this.matching.push(this.lastSeq);
    } else if (step.kind === "send") {
      const next = this.pending().slice(0, step.count);
      if (next.length > 0) this.transmit(events(this.sent, ...next), step.fate);
    } else if (step.kind === "heartbeat") {
      // It names no `prev`: only the next events show that some were lost before.
      const isComplete = this.pending().length === 0 && this.position.chain === this.sent;
      if (isComplete) this.transmit(heartbeat(this.lastSeq), "arrives");
    } else if (step.kind === "stop half-way") {
      const next = this.pending();
      if (next.length > 0) this.receive(events(this.sent, ...next), step.handled);
      this.connect(0);
    } else if (step.kind === "reconnect") {
      this.connect(step.below);
    } else if (step.kind === "purge") {
      this.firstSeq = this.lastSeq + 1;
      this.connect(0);
    } else {
      this.epoch += 1;
      this.lastSeq = 0;
      this.firstSeq = 1;
      this.matching = [];
      this.connect(0);
    }
  }

  pending(): number[] {
    return this.matching.filter((seq) => seq > this.sent);
  }

  transmit(frame: Frame, outcome: "arrives" | "is lost" | "arrives twice"): void {
    const cursor = frame.type === "events" ? frame.events.at(-1)?.seq : "cursor" in frame ? frame.cursor : undefined;
    this.sent = cursor ?? this.sent;
    if (outcome !== "is lost") this.receive(frame);
    if (outcome === "arrives twice") this.receive(frame);
  }

  receive(frame: Frame, limit = Infinity): void {
    const accepted = accept(this.position, frame);
    if (accepted instanceof RelayError) return this.connect(0);
    for (const [index, { seq }] of accepted.fresh.entries()) {
      if (index >= limit) return;
      this.handled.push(seq);
      this.position = { ...this.position, seq };
    }
    this.position = accepted.position;
  }

  /** The upgrade, with the own cursor. `below`: a shared connection may start at an earlier frame. */
  connect(below: number): void {
    const { seq, epoch } = this.position;
    const isForeign = epoch !== undefined && epoch !== String(this.epoch);
    if (seq !== undefined && (isForeign || seq + 1 < this.firstSeq || seq > this.lastSeq)) return this.reset();
    this.sent = Math.max(this.firstSeq - 1, (seq ?? this.lastSeq) - below);
    this.position = { seq, epoch };
    if (seq === undefined) this.start(this.lastSeq);
    this.receive(welcome(this.sent, String(this.epoch)));
  }

  /** [W5] [W6] 4410: the page hydrates, and says where it goes on. */
  reset(): void {
    this.check();
    this.resets += 1;
    this.position = {};
    this.connect(0);
  }

  start(base: number): void {
    this.base = base;
    this.handled = [];
    this.sent = base;
  }

  /** Every match above the start and up to the cursor was handled, once and in order. */
  check(): void {
    const cursor = this.position.seq ?? this.base;
    if (this.position.epoch !== String(this.epoch)) return;
    const expected = this.matching.filter((seq) => seq > this.base && seq <= cursor);
    if (this.handled.join() !== expected.join())
      throw new Error(`handled ${this.handled.join()}, not ${expected.join()}`);
  }
}

test(
  "[V4] frames lost, doubled and cut short, reconnects, purges, streams made anew: each event once, in order, or a reset",
  { tags: "long" },
  () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const world = new World();
        for (const step of actions) {
          world.run(step);
          world.check();
        }
        // In the end the network is kind: nothing may be missing then.
        world.connect(0);
        world.transmit(events(world.sent, ...world.pending()), "arrives");
        world.check();
        expect(world.position.seq).toBeGreaterThanOrEqual(world.matching.at(-1) ?? 0);
      }),
      { numRuns: 500 },
    );
  },
);
