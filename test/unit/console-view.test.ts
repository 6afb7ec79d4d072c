import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/console/log.ts";
import type { Link, State } from "../../src/console/machine.ts";
import { dayOf, emptyView, matches, retryWords, rowView, statusView } from "../../src/console/view.ts";
import { factOf, wordsOf, type Why } from "../../src/console/why.ts";
import { CLOSE } from "../../src/protocol/codes.ts";

const entry = (fields: Partial<Entry["fields"]> = {}): Entry => ({
  key: 3,
  seq: 41,
  fields: { type: "io.cellos.cell.v1.started", source: "/cells/a", subject: "", id: "id-1", time: "", ...fields },
  text: "{}",
});
const link: Link = { subject: "cellos.events.>", cursor: "41", failures: 0, faults: 0, slowAtMs: null };
const closed = (why: Why): State => ({ kind: "closed", link, why });

describe("rowView", () => {
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

describe("matches", () => {
  it("wants every word, in type or source, whatever the case", () => {
    for (const filter of ["", "STARTED", "cell start", "/cells/a v1"]) expect(matches(entry(), filter)).toBe(true);
    for (const filter of ["stopped", "cell nowhere", "id-1"]) expect(matches(entry(), filter)).toBe(false);
  });
});

describe("statusView", () => {
  it.each(Object.values(CLOSE))(
    "[C] says in a sentence what close $code $reason means, and the code",
    ({ code, reason }) => {
      const why: Why = { kind: "close", code, reason, problem: null };
      expect(wordsOf(why)).toMatch(/^[A-Z].*\.$/);
      expect(wordsOf(why)).not.toContain("does not know");
      expect(factOf(why)).toBe(`Close code ${code}${reason === "" ? "" : ` ${reason}`}`);
    },
  );

  it.each(["retention-exhausted", "stream-reset"])(
    "[C] offers to start live or from the oldest after 4410 %s",
    (reason) => {
      const problem = { type: "", title: "", oldestSeq: 90 };
      const view = statusView(closed({ kind: "close", code: 4410, reason, problem }));
      expect(view).toMatchObject({ tone: "stop", word: "Stopped" });
      expect(view.sentence).toContain("The oldest retained event is 90.");
      expect(view.actions.map(({ action }) => action)).toEqual(["start-live", "start-oldest"]);
    },
  );

  it("offers to continue only to who disconnected", () => {
    expect(statusView(closed({ kind: "user" })).actions).toEqual([{ action: "continue", label: "Continue after 41" }]);
    const refused: Why = { kind: "refused", answer: { kind: "http", status: 403, detail: "No.", retryAfterMs: 0 } };
    expect(statusView(closed(refused))).toMatchObject({ actions: [], fact: "HTTP 403: No." });
  });

  it.each([200, 400, 401, 403, 404, 426, 429, 500, 503])("[H3] says in a sentence what %i means", (status) => {
    expect(wordsOf({ kind: "refused", answer: { kind: "http", status, detail: "", retryAfterMs: 0 } })).toMatch(
      /^[A-Z].*\.$/,
    );
  });

  it("[W3] admits that a reconnect without a position starts live", () => {
    const waiting: State = {
      kind: "waiting",
      link: { ...link, cursor: null },
      untilMs: 5_000,
      why: { kind: "silent" },
    };
    expect(statusView(waiting).sentence).toContain("start live");
    expect([retryWords(waiting, 1_500), retryWords(waiting, 9_000)]).toEqual(["Retrying in 4 s", "Retrying now"]);
  });
});

describe("emptyView", () => {
  const none = { received: 0, rows: 0, entries: 0, held: 0 };
  const live: State = { kind: "live", link, openedMs: 0, frameMs: 0, problem: null };

  it("says nothing beside rows", () => expect(emptyView(live, { ...none, rows: 1 }, "")).toBeNull());

  it("says what to do first", () => expect(emptyView({ kind: "idle" }, none, "")?.text).toContain("press Connect"));

  it.each([
    ["cellos.events.>", "cellos.events.demo"],
    ["cellos.*.x", "cellos.demo.x"],
    ["", "cellos.events.demo"],
  ])("names a command that publishes on %j", (subject, published) => {
    expect(emptyView({ ...live, link: { ...link, subject } }, none, "")?.command).toContain(`nats pub ${published} '{`);
  });

  it("blames the filter, the pause or the Clear button when it was them", () => {
    expect(emptyView(live, { ...none, entries: 4 }, "zzz")?.text).toContain("“zzz”");
    expect(emptyView(live, { ...none, held: 4 }, "")?.title).toBe("Paused");
    expect(emptyView(live, { ...none, received: 4 }, "")?.title).toBe("List cleared");
  });
});
