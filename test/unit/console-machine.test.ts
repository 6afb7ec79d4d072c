import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DELAY_MS, MIN_DELAY_MS, jitterMs, longJitterMs } from "../../src/console/backoff.ts";
import { CONNECT_MS, SILENCE_MS, step, type Event, type Link, type State } from "../../src/console/machine.ts";
import { CLOSE } from "../../src/protocol/codes.ts";

const NOW_MS = 1_000_000;
const chance = { nowMs: NOW_MS, random: 0.5 };
const link: Link = { subject: "cellos.events.>", cursor: "41", failures: 0, faults: 0, slowAtMs: null };
const fields = { type: "t", source: "/s", subject: "", id: "1", time: "" };
const framed = (seq: number): Event => ({ kind: "framed", frame: { kind: "event", seq, fields, text: "{}" } });
const close = (code: number, reason = ""): Event => ({ kind: "socketClosed", code, reason });
const answered = (status: number, retryAfterMs = 0): Event => ({
  kind: "answered",
  answer: { kind: "http", status, detail: "", retryAfterMs },
});

const live: State = { kind: "live", link, openedMs: NOW_MS, frameMs: NOW_MS, problem: null };
const states: { readonly [K in State["kind"]]: Extract<State, { kind: K }> } = {
  idle: { kind: "idle" },
  connecting: { kind: "connecting", link, untilMs: NOW_MS + 1 },
  asking: { kind: "asking", link },
  live,
  waiting: { kind: "waiting", link, untilMs: NOW_MS + 1, why: { kind: "silent" } },
  closed: { kind: "closed", link, why: { kind: "user" } },
};
const events: { readonly [K in Event["kind"]]: Extract<Event, { kind: K }> } = {
  connectAsked: { kind: "connectAsked", subject: "a.>", since: null },
  startAsked: { kind: "startAsked", since: "0" },
  continueAsked: { kind: "continueAsked" },
  retryAsked: { kind: "retryAsked" },
  disconnectAsked: { kind: "disconnectAsked" },
  opened: { kind: "opened" },
  framed: { kind: "framed", frame: { kind: "heartbeat", seq: 42 } },
  socketClosed: { kind: "socketClosed", code: 1006, reason: "" },
  answered: { kind: "answered", answer: { kind: "unreachable" } },
  ticked: { kind: "ticked" },
};

type Row = Readonly<Record<Event["kind"], State["kind"]>>;
const stays = (kind: State["kind"]): Row => ({
  connectAsked: "connecting",
  startAsked: kind,
  continueAsked: kind,
  retryAsked: kind,
  disconnectAsked: kind === "idle" ? "idle" : "closed",
  opened: kind,
  framed: kind,
  socketClosed: kind,
  answered: kind,
  ticked: kind,
});
const TABLE: Readonly<Record<State["kind"], Row>> = {
  idle: stays("idle"),
  connecting: { ...stays("connecting"), opened: "live", socketClosed: "asking" },
  asking: { ...stays("asking"), answered: "waiting" },
  live: { ...stays("live"), socketClosed: "waiting" },
  waiting: { ...stays("waiting"), retryAsked: "connecting" },
  closed: { ...stays("closed"), startAsked: "connecting", continueAsked: "connecting" },
};

describe("transitions", () => {
  const cells = Object.values(states).flatMap((state) =>
    Object.values(events).map((event) => [state, event, TABLE[state.kind][event.kind]] as const),
  );
  it.each(cells)("$0.kind, $1.kind -> $2", (state, event, next) => {
    expect(step(state, event, chance).state.kind).toBe(next);
  });
});

describe("close codes", () => {
  const NEXT = {
    stop: "closed",
    resume: "waiting",
    "back-off-long": "waiting",
    "renew-token": "closed",
    rehydrate: "closed",
  } as const;
  it.each(Object.values(CLOSE))("[C] $code $reason: $verdict", ({ code, reason, verdict }) => {
    const { state } = step(live, close(code, reason), chance);
    expect(state).toMatchObject({ kind: NEXT[verdict], link: { cursor: "41" } });
  });

  it("[C] 1008 backs off long", () => {
    const untilMs = NOW_MS + longJitterMs(0.5);
    expect(step(live, close(1008, "subscribe failed"), chance).state).toMatchObject({ kind: "waiting", untilMs });
  });

  it.each([1001, 1005, 1006, 1012, 1015, 3000, 4999])("[C] %i is a broken line: resumes with jitter", (code) => {
    const { state } = step(live, close(code), chance);
    expect(state).toMatchObject({ kind: "waiting", untilMs: NOW_MS + jitterMs(0, 0.5), link: { failures: 1 } });
  });

  it("[C] judges a known code by itself when its reason is unknown", () => {
    expect(step(live, close(4410, "something else"), chance).state.kind).toBe("closed");
  });

  it("[C] 4408 resumes at once the first time, with jitter within a minute of it", () => {
    const slow = close(4408, "slow-consumer");
    const first = step(live, slow, chance).state;
    expect(first).toMatchObject({ kind: "waiting", untilMs: NOW_MS, link: { slowAtMs: NOW_MS } });
    if (first.kind !== "waiting") throw new Error("not waiting");
    const again = (nowMs: number): State =>
      step({ ...live, link: first.link, openedMs: nowMs }, slow, { ...chance, nowMs }).state;
    expect(again(NOW_MS + 59_999)).toMatchObject({ untilMs: NOW_MS + 59_999 + jitterMs(1, 0.5) });
    expect(again(NOW_MS + 60_000)).toMatchObject({ untilMs: NOW_MS + 60_000 });
  });

  it("[W5] keeps the problem that came before the close", () => {
    const problem = { type: "/problems/ws/retention-exhausted", title: "t", oldestSeq: 90 };
    const told = step(live, { kind: "framed", frame: { kind: "problem", problem } }, chance).state;
    expect(step(told, close(4410, "retention-exhausted"), chance).state).toMatchObject({ why: { problem } });
  });
});

describe("cursor", () => {
  const after = (...frames: Event[]): State =>
    frames.reduce((state: State, event) => step(state, event, chance).state, live);

  it("[W8] follows events and heartbeats", () => {
    expect(after(framed(44))).toMatchObject({ link: { cursor: "44", faults: 0 } });
    expect(after({ kind: "framed", frame: { kind: "heartbeat", seq: 41 } })).toMatchObject({
      link: { cursor: "41", faults: 0 },
    });
  });

  it("[W2] never goes back, and counts what was repeated, out of order or unreadable", () => {
    expect(after(framed(41))).toMatchObject({ link: { cursor: "41", faults: 1 } });
    expect(after(framed(50), framed(45), { kind: "framed", frame: { kind: "heartbeat", seq: 49 } })).toMatchObject({
      link: { cursor: "50", faults: 2 },
    });
    expect(after({ kind: "framed", frame: { kind: "unreadable" } })).toMatchObject({ link: { faults: 1 } });
  });

  it("[W4] a new connection starts after it", () => {
    const waiting = step(after(framed(44)), close(1006), chance).state;
    const { state, effects } = step(waiting, { kind: "retryAsked" }, chance);
    expect(state).toMatchObject({ kind: "connecting", link: { cursor: "44" } });
    expect(effects).toMatchObject([{ kind: "openSocket", link: { cursor: "44" } }]);
  });

  it("starts over with an empty list when a person chooses a start", () => {
    const gone = step(live, close(4410, "stream-reset"), chance).state;
    const { state, effects } = step(gone, { kind: "startAsked", since: null }, chance);
    expect(state).toMatchObject({ link: { cursor: null, subject: "cellos.events.>" } });
    expect(effects.map(({ kind }) => kind)).toEqual(["clearLog", "openSocket"]);
  });

  it("[C] goes on from it with a new token, unless another subject or start is asked for", () => {
    const expired = step(live, close(4401, "token-expired"), chance).state;
    const ask = (subject: string, since: string | null): unknown => {
      const { state, effects } = step(expired, { kind: "connectAsked", subject, since }, chance);
      return [state.kind === "idle" ? null : state.link.cursor, effects.map(({ kind }) => kind)];
    };
    expect(ask("cellos.events.>", null)).toEqual(["41", ["openSocket"]]);
    expect(ask("cellos.events.a", null)).toEqual([null, ["clearLog", "openSocket"]]);
    expect(ask("cellos.events.>", "7")).toEqual(["7", ["clearLog", "openSocket"]]);
  });
});

describe("a connection that does not open", () => {
  it("[H3] asks why by a plain request", () => {
    expect(step(states.connecting, close(1006), chance).effects).toEqual([{ kind: "askWhy", link }]);
    const late = step(states.connecting, { kind: "ticked" }, { ...chance, nowMs: NOW_MS + CONNECT_MS });
    expect(late.effects.map(({ kind }) => kind)).toEqual(["closeSocket", "askWhy"]);
  });

  it.each([400, 401, 403, 404, 405, 410])("[H3] stops on %i", (status) => {
    expect(step(states.asking, answered(status), chance).state.kind).toBe("closed");
  });

  it.each([200, 302, 408, 426, 429, 500, 502, 503, 530])("[H3] tries again after %i", (status) => {
    expect(step(states.asking, answered(status), chance).state).toMatchObject({
      kind: "waiting",
      link: { failures: 1 },
    });
  });

  it("[H3] waits at least as long as Retry-After says", () => {
    expect(step(states.asking, answered(429, 77_000), chance).state).toMatchObject({ untilMs: NOW_MS + 77_000 });
  });
});

describe("time", () => {
  it("takes 90 s of silence for a dead line, and any frame for life", () => {
    const silent = step(live, { kind: "ticked" }, { ...chance, nowMs: NOW_MS + SILENCE_MS });
    expect(silent).toMatchObject({
      state: { kind: "waiting", why: { kind: "silent" } },
      effects: [{ kind: "closeSocket" }],
    });
    const fed = step(live, { kind: "framed", frame: { kind: "pong" } }, { ...chance, nowMs: NOW_MS + 1 }).state;
    expect(step(fed, { kind: "ticked" }, { ...chance, nowMs: NOW_MS + SILENCE_MS }).state.kind).toBe("live");
  });

  it("retries when the time is up", () => {
    expect(step(states.waiting, { kind: "ticked" }, { ...chance, nowMs: NOW_MS + 1 }).effects).toEqual([
      { kind: "openSocket", link },
    ]);
  });

  it("forgets earlier failures once a connection has lasted a minute", () => {
    const shaky: State = { ...live, link: { ...link, failures: 5 } };
    expect(step(shaky, close(1006), { ...chance, nowMs: NOW_MS + 59_999 }).state).toMatchObject({
      link: { failures: 6 },
    });
    expect(step(shaky, close(1006), { ...chance, nowMs: NOW_MS + 60_000 }).state).toMatchObject({
      link: { failures: 1 },
    });
  });

  it("[C] jitters over the whole range from 0.5 s to a ceiling that doubles up to 30 s", () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const delayMs = jitterMs(failures, random);
        expect(delayMs).toBeGreaterThanOrEqual(MIN_DELAY_MS);
        expect(delayMs).toBeLessThanOrEqual(MAX_DELAY_MS);
        expect(longJitterMs(random)).toBeGreaterThanOrEqual(MAX_DELAY_MS);
      }),
    );
    expect([0, 1, 2, 9].map((failures) => jitterMs(failures, 0.9999999))).toEqual([1_000, 2_000, 4_000, MAX_DELAY_MS]);
  });
});
