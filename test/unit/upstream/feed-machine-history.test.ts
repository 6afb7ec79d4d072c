import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stepUpstream, type Upstream, type UpstreamEvent } from "../../../src/upstream/feed-machine.ts";

const NOW = 1_000_000;
const HALF = 0.5;

const kinds: fc.Arbitrary<UpstreamEvent> = fc.oneof(
  fc.constantFrom<UpstreamEvent>(
    { kind: "wanted" },
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
  it("[W11] [W12] has at most one timer, only while it waits, and one that waits without is due at once", () => {
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
          expect(step.effects.length).toBeLessThanOrEqual(1);
          state = step.state;
          expect(isTimed(state, timerAtMs, nowMs)).toBe(true);
        }
      }),
    );
  });

  it("[W12] counts an attempt more with every failure, until there is progress", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), (opens) => {
        let state: Upstream = { kind: "opening", attempt: 0 };
        for (const [index, opened] of opens.entries()) {
          if (opened) {
            state = stepUpstream(state, { kind: "opened" }, NOW, HALF).state;
            state = stepUpstream(
              state,
              { kind: "lost", connected: index % 2 === 0, hasWaiters: false },
              NOW,
              HALF,
            ).state;
          } else state = stepUpstream(state, { kind: "failed", hasWaiters: false }, NOW, HALF).state;
          expect(state).toMatchObject({ kind: "waiting", attempt: index + 1 });
          state = stepUpstream(state, { kind: "due" }, NOW + 25_000, HALF).state;
        }
      }),
    );
  });

  it("[W11] [W12] waits from a quarter of a second to 25 s, and at most a second while somebody waits", () => {
    fc.assert(
      fc.property(
        fc.nat(60),
        fc.boolean(),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, hasWaiters, random) => {
          const { effects } = stepUpstream({ kind: "opening", attempt }, { kind: "failed", hasWaiters }, NOW, random);
          const [effect] = effects;
          const afterMs = effect?.kind === "retry" ? effect.afterMs : NaN;
          const ceiling = Math.min(hasWaiters ? 1_000 : 25_000, 500 * 2 ** attempt);
          const leftToAlarm = !hasWaiters && attempt >= 4;
          expect(afterMs === null).toBe(leftToAlarm);
          expect(afterMs ?? ceiling).toBeGreaterThanOrEqual(ceiling / 2);
          expect(afterMs ?? ceiling).toBeLessThanOrEqual(ceiling);
        },
      ),
    );
  });
});

/** A timer only while it waits, and then for the moment it is due; without one it is due already. */
function isTimed(state: Upstream, timerAtMs: number | null, nowMs: number): boolean {
  if (state.kind !== "waiting") return timerAtMs === null;
  return timerAtMs === null ? state.dueAtMs <= nowMs : timerAtMs === state.dueAtMs;
}
