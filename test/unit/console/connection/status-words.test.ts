import { describe, expect, it } from "vitest";
import { CLOSE, RelayError, type StreamState } from "../../../../src/client/index.ts";
import { emptyView } from "../../../../src/console/events/empty.ts";
import { entryOf } from "../../../../src/console/events/entry.ts";
import { NO_FILTER } from "../../../../src/console/events/filter.ts";
import { rowView } from "../../../../src/console/events/row.ts";
import { dayOf } from "../../../../src/console/page/clock.ts";
import {
  asksToken,
  asksWhere,
  planOf,
  wantsForm,
  type Situation,
} from "../../../../src/console/connection/situation.ts";
import { heldWords, retryWords, statusView } from "../../../../src/console/connection/status-words.ts";

const asked = (state: StreamState, more: Partial<Extract<Situation, { kind: "asked" }>> = {}): Situation => ({
  kind: "asked",
  subject: "cellos.events.>",
  state,
  cursor: { seq: 41, epoch: "e" },
  resumedFrom: null,
  isLeft: false,
  ...more,
});
const live = asked({ kind: "live", upstream: "connected" });
const idle: Situation = { kind: "idle", kept: null };
const waiting = (error: RelayError, retryAtMs = 5_000): StreamState => ({
  kind: "waiting",
  reason: error.reason,
  error,
  retryAtMs,
});
const gone = new RelayError("retention-exhausted", { code: 4410, problem: { oldest_seq: 90 } });
const refused = new RelayError("refused", { status: 401, problem: { detail: "No." } });

describe("rowView", () => {
  const entry = (more: object = {}): ReturnType<typeof entryOf> =>
    entryOf(3, 41, { type: "io.cellos.cell.v1.started", source: "/cells/a", id: "id-1", ...more });

  it("parts the type before its last word", () => {
    expect(rowView(entry(), "01-01")).toMatchObject({ seq: "41", typeHead: "io.cellos.cell.v1.", typeTail: "started" });
    expect(rowView(entry({ type: "plain" }), "01-01")).toMatchObject({ typeHead: "", typeTail: "plain" });
    expect(rowView(entry({ type: "" }), "01-01").typeTail).toBe("no type");
  });

  it("shows the subject, else the id", () => {
    expect(rowView(entry({ subject: "cell-7" }), "01-01").subject).toBe("cell-7");
    expect(rowView(entry(), "01-01").subject).toBe("id-1");
  });

  it("shows the time of today to the millisecond, that of another day with its date", () => {
    const date = new Date(2026, 10, 23, 9, 5, 7, 42);
    const time = date.toISOString();
    expect(rowView(entry({ time }), dayOf(date))).toMatchObject({ time: "09:05:07.042", timeTitle: time });
    expect(rowView(entry({ time }), "11-24").time).toBe("11-23 09:05:07");
    expect(rowView(entry({ time: "soon" }), "11-24")).toMatchObject({ time: "–", timeTitle: "soon" });
  });
});

describe("[W17] a row of an event of any shape", () => {
  it("has room for some characters of each field", () => {
    const long = "[".repeat(1_000_000);
    for (const type of [long, `${long}.${long}`, `a.${long}`, `${long}.a`]) {
      const view = rowView(entryOf(3, 41, { type, source: long, subject: long, id: long, time: long }), "01-01");
      for (const text of Object.values(view)) expect(text.length).toBeLessThan(400);
    }
    expect(rowView(entryOf(3, 41, { type: "a.b", id: long }), "01-01").subject).toMatch(/^\[+…$/);
  });
});

describe("statusView", () => {
  it("[W4] says where a connection resumed", () => {
    const resumedFrom = { seq: 41 };
    expect(statusView(live).fact).toBe("");
    expect(statusView({ ...live, resumedFrom } as Situation).fact).toBe("Resumed after 41.");
    expect(statusView(asked({ kind: "replaying" }, { resumedFrom: { seq: 0 } })).fact).toContain("oldest retained");
  });

  it("says that the relay has lost its broker, and that there is nothing to do", () => {
    const view = statusView(asked({ kind: "live", upstream: "reconnecting" }));
    expect([view.tone, view.word]).toEqual(["warn", "Live, no broker"]);
    expect(view.sentence).toContain("goes on by itself");
  });

  it("counts down, with a way not to wait", () => {
    const situation = asked(waiting(new RelayError("unreachable")));
    expect(statusView(situation).actions).toEqual([{ action: "retry", label: "Retry now" }]);
    expect([retryWords(situation, 1_500), retryWords(situation, 9_000)]).toEqual(["Retrying in 4 s", "Retrying now"]);
  });

  it("[W3] admits that a reconnect without a position starts live", () => {
    const situation = asked(waiting(new RelayError("silent")), { cursor: null });
    expect(statusView(situation).sentence).toContain("start live");
  });

  it.each([5_000, Infinity])("[W5] [W6] asks where to go on after 4410, without a countdown (%d)", (retryAtMs) => {
    for (const reason of [CLOSE.retentionExhausted.reason, CLOSE.streamReset.reason]) {
      const error = new RelayError(reason, { code: 4410, problem: { oldest_seq: 90 } });
      const situation = asked(waiting(error, retryAtMs));
      expect(asksWhere(situation)).toBe(true);
      expect(statusView(situation).sentence).toContain("The oldest retained event is 90.");
      expect(statusView(situation).actions.map(({ action }) => action)).toEqual(["start-oldest", "start-live"]);
      expect(retryWords(situation, 0)).toBe("");
    }
  });

  it("[W4] offers to go on where the tab was before it was reloaded", () => {
    expect(statusView(idle).sentence).toBe("");
    expect(statusView({ kind: "idle", kept: { seq: 41 } }).sentence).toBe("Press Connect to go on after 41.");
  });

  it("tells who left from who was stopped", () => {
    expect(statusView(asked({ kind: "closed", error: null }, { isLeft: true }))).toMatchObject({
      word: "Disconnected",
      sentence: "You disconnected. Press Connect to go on after 41.",
    });
    expect(statusView(asked({ kind: "closed", error: null })).word).toBe("Ended");
    const stopped = asked({ kind: "closed", error: refused });
    expect(statusView(stopped)).toMatchObject({ tone: "stop", word: "Stopped", fact: "HTTP 401: No." });
    expect([asksToken(stopped), wantsForm(stopped), wantsForm(live), wantsForm(idle)]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });
});

describe("heldWords", () => {
  it("counts what is new, and what of it is gone", () => {
    expect([heldWords(0, 0), heldWords(1_234, 0)]).toEqual(["Resume (0 new)", "Resume (1,234 new)"]);
    expect(heldWords(12_345, 7_345)).toBe("Resume (12,345 new, 7,345 dropped)");
  });
});

describe("planOf", () => {
  const kept = { subject: "a.>", cursor: { seq: 41, epoch: "e" } };

  it("goes on where the page stopped, with the epoch", () =>
    expect(planOf("a.>", "41", kept)).toEqual({ subject: "a.>", since: kept.cursor, goesOn: true }));

  it.each([
    ["a.>", ""],
    ["b.>", "41"],
    ["a.>", "42"],
  ])("starts anew on %j after %j", (subject, since) => {
    const plan = planOf(subject, since, kept);
    expect([plan.goesOn, plan.since]).toEqual([false, since === "" ? null : { seq: Number(since) }]);
  });
});

describe("emptyView", () => {
  const none = { received: 0, rows: 0, entries: 0, held: 0 };

  it("says nothing beside rows", () => expect(emptyView(live, { ...none, rows: 1 }, NO_FILTER)).toBeNull());

  it("says what to do first", () => expect(emptyView(idle, none, NO_FILTER)?.text).toContain("press Connect"));

  it.each([
    ["cellos.events.>", "cellos.events.demo"],
    ["cellos.*.x", "cellos.demo.x"],
    ["", "cellos.events.demo"],
  ])("names a command that publishes on %j", (subject, published) => {
    const command = emptyView({ ...live, subject } as Situation, none, NO_FILTER)?.command;
    expect(command).toContain(`nats pub ${published} '{`);
  });

  it("blames the filter, the pause or the Clear button when it was them", () => {
    const filter = { ...NO_FILTER, type: "zzz" };
    expect(emptyView(live, { ...none, entries: 4 }, filter)?.title).toBe("Nothing matches the filter");
    expect(emptyView(live, { ...none, held: 4 }, NO_FILTER)?.title).toBe("Paused");
    expect(emptyView(live, { ...none, received: 4 }, NO_FILTER)?.title).toBe("List cleared");
  });

  it("says what a stopped stream needs", () => {
    const title = (state: StreamState): string | undefined => emptyView(asked(state), none, NO_FILTER)?.title;
    expect(title(waiting(gone))).toBe("The cursor is gone");
    expect(title({ kind: "closed", error: refused })).toBe("A token is needed");
    expect(title({ kind: "closed", error: new RelayError("refused", { status: 400 }) })).toBe("No events");
    expect(title(waiting(new RelayError("unreachable")))).toBe("No events yet");
    expect(title({ kind: "connecting" })).toBe("No events yet");
  });
});
