import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stepUpstream, type Upstream, type UpstreamEvent } from "../../../src/upstream/feed-machine.ts";

const NOW = 1_000_000;
const HALF = 0.5;

const kinds: fc.Arbitrary<UpstreamEvent> = fc.oneof(
  fc.constantFrom<UpstreamEvent>(
    { kind: "wanted" },
    { kind: "woke" },
    { kind: "opened" },
    { kind: "progress" },
    { kind: "due" },
    { kind: "unwanted" },
  ),
  fc.record({ kind: fc.constant("failed" as const), hasWaiters: fc.boolean() }),
  fc.record({ kind: fc.constant("lost" as const), connected: fc.boolean(), hasWaiters: fc.boolean() }),
);
const history = fc.array(
  fc.record({
    event: kinds,
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    afterMs: fc.nat(3_000),
  }),
);

describe("stepUpstream over any history", { tags: "long" }, () => {
  it("[W11] [W12] has one timer while it opens or waits, for the moment the next try is due, and none else", () => {
    fc.assert(
      fc.property(history, (list) => {
        let state: Upstream = { kind: "idle" };
        let timerAtMs: number | null = null;
        let nowMs = 0;
        for (const { event, random, afterMs } of list) {
          nowMs += afterMs;
          const step = stepUpstream(state, event, nowMs, random);
          for (const effect of step.effects)
            timerAtMs = effect.kind === "retry" && effect.afterMs !== null ? nowMs + effect.afterMs : null;
          state = step.state;
          expect(timerAtMs).toBe(state.kind === "opening" || state.kind === "waiting" ? state.dueAtMs : null);
        }
      }),
    );
  });

  it("[W12] starts the next try within 4 s of the last, whatever becomes of it, and never two within half a second", () => {
    const outcomes = fc.array(
      fc.record({
        random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        /** How long the try takes to fail; null when it hangs. */
        failsAfterMs: fc.option(fc.nat(4_000)),
      }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(outcomes, (list) => {
        let state = stepUpstream({ kind: "idle" }, { kind: "wanted" }, 0, HALF).state;
        let startedMs = 0;
        for (const { random, failsAfterMs } of list) {
          if (state.kind !== "opening") throw new Error(`${state.kind} after a start`);
          const { dueAtMs } = state;
          if (failsAfterMs !== null && startedMs + failsAfterMs < dueAtMs)
            state = stepUpstream(state, { kind: "failed", hasWaiters: false }, startedMs + failsAfterMs, random).state;
          expect(dueAtMs - startedMs).toBeGreaterThanOrEqual(500);
          expect(dueAtMs - startedMs).toBeLessThanOrEqual(4_000);
          const step = stepUpstream(state, { kind: "due" }, dueAtMs, random);
          expect(step.effects[0]).toEqual({ kind: "open" });
          ({ state } = step);
          startedMs = dueAtMs;
        }
      }),
    );
  });

  it("[W12] counts an attempt more with every failure, until there is progress", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), (opens) => {
        let state: Upstream = { kind: "opening", attempt: 0, dueAtMs: NOW };
        let nowMs = NOW;
        for (const [index, opened] of opens.entries()) {
          if (opened) {
            state = stepUpstream(state, { kind: "opened" }, nowMs, HALF).state;
            const lost = { kind: "lost" as const, connected: index % 2 === 0, hasWaiters: false };
            state = stepUpstream(state, lost, nowMs, HALF).state;
          } else state = stepUpstream(state, { kind: "failed", hasWaiters: false }, nowMs, HALF).state;
          expect(state).toMatchObject({ kind: "waiting", attempt: index + 1 });
          nowMs += 5_000;
          state = stepUpstream(state, { kind: "due" }, nowMs, HALF).state;
        }
      }),
    );
  });

  it("[W11] [W12] waits from a tenth of a second to 4 s after a loss, and at most a second while somebody waits", () => {
    fc.assert(
      fc.property(
        fc.nat(60),
        fc.boolean(),
        fc.boolean(),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, connected, hasWaiters, random) => {
          const lost = { kind: "lost" as const, connected, hasWaiters };
          const { effects } = stepUpstream({ kind: "open", attempt: attempt + 1, sinceMs: 0 }, lost, NOW, random);
          const [effect] = effects;
          const afterMs = effect?.kind === "retry" ? (effect.afterMs ?? NaN) : NaN;
          const ceilingMs = Math.min(hasWaiters ? 1_000 : 4_000, (connected ? 500 : 2_500) * 2 ** attempt);
          // Full jitter: chance alone decides where between the two it lies.
          expect(afterMs).toBe(Math.round(100 + random * (ceilingMs - 100)));
        },
      ),
    );
  });
});
