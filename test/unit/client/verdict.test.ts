import { describe, expect, test } from "vitest";
import { RelayError } from "../../../src/client/wire/error.ts";
import { GRACE_MS, JOIN_MS, SLACK_MS, STABLE_MS, step } from "../../../src/client/machine.ts";
import { retryMs, longRetryMs, verdictOf, type Circumstances } from "../../../src/client/retry.ts";
import { view, type State, type Step } from "../../../src/client/state.ts";
import { CLOSE, type CloseName, type Verdict } from "../../../src/protocol/codes.ts";

const NOW_MS = 1_000_000;
const HEARTBEAT_MS = 25_000;
const NOW: Circumstances = { nowMs: NOW_MS, random: 0, isHidden: false, canRenew: true, canHydrate: true };

const live = (options: { failures?: number; hurriedAtMs?: number; sinceMs?: number } = {}): State => ({
  kind: "live",
  upstream: "connected",
  past: { failures: options.failures ?? 0, hurriedAtMs: options.hurriedAtMs ?? -Infinity },
  sinceMs: options.sinceMs ?? NOW_MS,
  heartbeatMs: HEARTBEAT_MS,
  deadlineMs: NOW_MS + HEARTBEAT_MS * 1.5 + SLACK_MS,
});
const closedBy = (name: CloseName): RelayError => new RelayError(CLOSE[name].reason, { code: CLOSE[name].code });
const refused = (status: number, retryAfterMs = 0): RelayError => new RelayError("refused", { status, retryAfterMs });
const lose = (error: RelayError, now: Partial<Circumstances> = {}, state = live()): Step =>
  step(state, { kind: "lost", error }, { ...NOW, ...now });
const answer = (error: RelayError, now: Partial<Circumstances> = {}, hurriedAtMs = -Infinity): Step =>
  step({ kind: "asking", past: { failures: 0, hurriedAtMs } }, { kind: "lost", error }, { ...NOW, ...now });
/** Milliseconds until the next try; fails on a state that does not wait. */
const delayMs = ([state]: Step, nowMs = NOW_MS): number => {
  if (state.kind !== "waiting") throw new Error(`The state is ${state.kind}.`);
  return state.deadlineMs - nowMs;
};

describe("[C] what follows a close", () => {
  const EXPECTED: Record<Verdict, string> = {
    stop: "closed",
    resume: "waiting",
    "back-off-long": "waiting",
    "renew-token": "waiting",
    rehydrate: "waiting",
  };
  test.each(Object.keys(CLOSE) as CloseName[])("%s: as its verdict says", (name) => {
    expect(lose(closedBy(name))[0].kind).toBe(EXPECTED[CLOSE[name].verdict]);
  });

  test.each([1001, 1005, 1006, 1012, 4999])("%i is a broken line: resumes with jitter", (code) => {
    expect(delayMs(lose(new RelayError("lost", { code }), { random: 1 }))).toBe(1_000);
    expect(delayMs(lose(new RelayError("lost", { code })))).toBe(500);
  });

  test("1000 closes without an error, 1009 with its own", () => {
    expect(lose(closedBy("normal"))[0]).toEqual({ kind: "closed", error: null });
    const error = closedBy("messageTooBig");
    expect(lose(error)[0]).toEqual({ kind: "closed", error });
  });

  test("1008 backs off for 30 to 60 s and shows why", () => {
    const error = closedBy("subscribeFailed");
    const [state] = lose(error, { random: 0.5 });
    expect(view(state)).toEqual({
      kind: "waiting",
      reason: "subscribe failed",
      error,
      retryAtMs: NOW_MS + 45_000,
    });
  });

  test("4408 resumes at once, and with jitter within the minute after", () => {
    expect(delayMs(lose(closedBy("slowConsumer")))).toBe(0);
    expect(delayMs(lose(closedBy("slowConsumer"), {}, live({ hurriedAtMs: NOW_MS - STABLE_MS + 1 })))).toBe(500);
    expect(delayMs(lose(closedBy("slowConsumer"), {}, live({ hurriedAtMs: NOW_MS - STABLE_MS })))).toBe(0);
  });

  test("4401 takes a new token at once; one that cannot be renewed ends the stream", () => {
    expect(delayMs(lose(closedBy("tokenExpired")))).toBe(0);
    expect(delayMs(lose(closedBy("tokenExpired"), {}, live({ hurriedAtMs: NOW_MS })))).toBe(500);
    expect(lose(closedBy("tokenRefused"), { canRenew: false })[0].kind).toBe("closed");
  });

  test("4410 waits with jitter, hydrates, then connects; a hydration that fails is tried again, jittered longer", () => {
    const [waiting] = lose(closedBy("retentionExhausted"), { random: 0.999 });
    expect(delayMs([waiting])).toBeGreaterThan(3_000);
    const hydrating = step(waiting, { kind: "ticked" }, { ...NOW, nowMs: NOW_MS + 4_000 });
    expect(hydrating.map((part) => (typeof part === "string" ? part : part.kind))).toEqual(["hydrating", "hydrate"]);
    expect(view(hydrating[0])).toMatchObject({ kind: "waiting", reason: "retention-exhausted", retryAtMs: Infinity });
    expect(step(hydrating[0], { kind: "hydrated" }, NOW)[1]).toBe("open");
    const cause = new Error("snapshot not there");
    const [again] = step(hydrating[0], { kind: "threw", cause }, NOW);
    expect(view(again)).toMatchObject({ kind: "waiting", error: { code: 4410, cause } });
    expect(step(again, { kind: "woke" }, NOW)[1]).toBe("hydrate");
  });

  test("4410 without onReset closes with the error", () => {
    const error = closedBy("streamReset");
    expect(lose(error, { canHydrate: false })[0]).toEqual({ kind: "closed", error });
  });
});

describe("[H3] what follows a refused upgrade", () => {
  test.each([400, 403, 404])("%i stops", (status) => {
    const error = refused(status);
    expect(answer(error)[0]).toEqual({ kind: "closed", error });
  });

  test("401 stops; a token that can be renewed is renewed once", () => {
    expect(answer(refused(401), { canRenew: false })[0].kind).toBe("closed");
    const [waiting] = answer(refused(401));
    expect(delayMs([waiting])).toBe(0);
    expect(answer(refused(401), {}, NOW_MS)[0].kind).toBe("closed");
  });

  test.each([503, 429])("%i backs off long, or a jitter longer than it asks", (status) => {
    expect(delayMs(answer(refused(status)))).toBe(30_000);
    expect(delayMs(answer(refused(status, 120_000)))).toBe(120_500);
    expect(delayMs(answer(refused(status, 1_000)))).toBe(1_500);
  });

  test("426, another status and no answer are a broken line", () => {
    for (const error of [refused(426), refused(502), new RelayError("unreachable")]) {
      expect(delayMs(answer(error))).toBe(500);
    }
  });
});

describe("when to try again", () => {
  test("jitter is full, from half a second to a ceiling that doubles up to 30 s", () => {
    const at = (failures: number, random: number): number => retryMs(failures, { ...NOW, random });
    expect([0, 1, 2, 5, 50].map((failures) => at(failures, 0))).toEqual([500, 500, 500, 500, 500]);
    expect([0, 1, 2, 4, 5, 50].map((failures) => at(failures, 1))).toEqual([
      1_000, 2_000, 4_000, 16_000, 30_000, 30_000,
    ]);
    expect([0, 1].map((random) => longRetryMs({ ...NOW, random }))).toEqual([30_000, 60_000]);
  });

  test("a hidden page is patient from the start", () => {
    expect(retryMs(0, { ...NOW, random: 1, isHidden: true })).toBe(30_000);
  });

  test("failures add up, until a connection has held for a minute", () => {
    const soon = lose(new RelayError("lost"), { random: 1 }, live({ failures: 3 }));
    expect(delayMs(soon)).toBe(8_000);
    const late = lose(new RelayError("lost"), { random: 1 }, live({ failures: 3, sinceMs: NOW_MS - STABLE_MS }));
    expect(delayMs(late)).toBe(1_000);
  });

  test("a code nobody knows is a broken line", () => {
    expect(verdictOf({ code: 3_000 })).toBe("resume");
  });
});

describe("[W8] the watchdog", () => {
  test("a relay with heartbeats every 25 s may be silent for 90 s at least", () => {
    const [state] = step(live(), { kind: "heard" }, NOW);
    expect(state).toMatchObject({ deadlineMs: expect.closeTo(NOW_MS + 97_500) });
  });

  test("a page that becomes visible after a silence gives the relay ten seconds", () => {
    const nowMs = NOW_MS + HEARTBEAT_MS * 2;
    const [state] = step(live(), { kind: "woke" }, { ...NOW, nowMs });
    expect(state).toMatchObject({ kind: "live", deadlineMs: nowMs + GRACE_MS });
    const [silent] = step(state, { kind: "ticked" }, { ...NOW, nowMs: nowMs + GRACE_MS });
    expect(view(silent)).toMatchObject({ kind: "waiting", reason: "silent" });
  });

  test("[W11] an upgrade may take longer than the relay holds it back", () => {
    const [state] = step({ kind: "connecting", past: { failures: 0, hurriedAtMs: 0 } }, { kind: "dialled" }, NOW);
    expect(state).toMatchObject({ kind: "joining", deadlineMs: NOW_MS + JOIN_MS });
    expect(JOIN_MS).toBeGreaterThan(10_000);
  });
});
