import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keepConsole, leftOutDueInMs, logEvent, nameVersion } from "../../../src/shared/log.ts";
import { SystemRuntime } from "../../../src/shared/system-runtime.ts";
import { describeError, logLine } from "../../../src/shared/log-line.ts";
import { VERSION } from "../../../src/shared/version.ts";

describe("logLine", () => {
  it("[O3] is one JSON object a line, its event first", () => {
    expect(logLine("room-closed", { subject: "a\nb", clients: 3 })).toBe(
      '{"event":"room-closed","subject":"a\\\\u000ab","clients":3}',
    );
  });

  it.each([
    ["a line feed", "\n"],
    ["an escape of a terminal", "\u001b[31m"],
    ["a control of the second set", "\u0085"],
    ["a right-to-left override", "\u202e"],
    ["an isolate", "\u2066"],
    ["a mark", "\u200f"],
    ["a line separator", "\u2028"],
    ["a byte order mark", "\ufeff"],
    ["a tag", "\u{e0041}"],
    ["half a pair", "\ud800"],
    ["DEL", "\u007f"],
  ])("[O3] %s is escaped, in the line and in what is read of it", (_name, text) => {
    const line = logLine("x", { subject: `a${text}b` });
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    const { subject } = JSON.parse(line) as { readonly subject: string };
    expect(subject).toMatch(/^a\\u[0-9a-f{}]+(\[31m)?b$/);
  });

  it("[O3] other scripts stay as they are", () => {
    expect(logLine("x", { subject: "é 東 😀 שלום" })).toBe('{"event":"x","subject":"é 東 😀 שלום"}');
  });

  it("[O3] cuts a value that is too long", () => {
    const line = logLine("x", { why: "y".repeat(100_000), at: "z" });
    expect(line.length).toBeLessThan(1_100);
    expect(JSON.parse(line)).toMatchObject({ event: "x", at: "z" });
  });
});

describe("logEvent", () => {
  let lines: string[] = [];
  const START_MS = 1_700_000_040_000;

  beforeEach(() => {
    lines = [];
    vi.useFakeTimers({ now: START_MS });
    vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  });
  afterEach(() => {
    vi.runOnlyPendingTimers();
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  const told = (): unknown[] =>
    lines.map((line) => {
      const { severity: _severity, version: _version, ...rest } = JSON.parse(line) as Readonly<Record<string, unknown>>;
      return rest;
    });

  it("[O3] prints ten lines of a name a minute, and at its end how many were left out, though no more follow", () => {
    vi.setSystemTime(START_MS + 60_000);
    const runtime = new SystemRuntime();
    runtime.keepAwake(true);
    for (let n = 0; n < 50_000; n++) runtime.log("event-dropped", { seq: n });
    expect(lines).toHaveLength(10);
    expect(leftOutDueInMs()).toBe(60_000 - ((START_MS + 60_000) % 60_000));
    vi.advanceTimersByTime(60_000);
    expect(lines).toHaveLength(11);
    expect(told().at(-1)).toEqual({ event: "log-lines-left-out", name: "event-dropped", leftOut: 49_990 });
    expect([leftOutDueInMs(), vi.getTimerCount()]).toEqual([null, 0]);
    vi.advanceTimersByTime(600_000);
    expect(lines).toHaveLength(11);
  });

  it("[O3] says how grave it is and which version speaks, and in a room which room", () => {
    vi.setSystemTime(START_MS + 2_400_000);
    logEvent("internal-error", {});
    nameVersion("0.0.0+id");
    new SystemRuntime(undefined, { region: "weur", shard: 2, room: "0a" }).log("upstream-open", { cursor: 1 });
    nameVersion(VERSION);
    const [fault, opened] = lines.slice(-2).map((line) => JSON.parse(line) as unknown);
    expect(fault).toEqual({ event: "internal-error", severity: "error", version: VERSION });
    const room = { region: "weur", shard: 2, room: "0a" };
    expect(opened).toEqual({ event: "upstream-open", ...room, cursor: 1, severity: "info", version: "0.0.0+id" });
    expect(lines.at(-1)).toMatch(/^\{"event":/);
  });

  it("[O3] [U4] does not keep a room awake for it: then the next line says so, or the next room that is awake", () => {
    vi.setSystemTime(START_MS + 1_200_000);
    const runtime = new SystemRuntime();
    runtime.keepAwake(true);
    for (let n = 0; n < 12; n++) runtime.log("client-closed");
    expect(vi.getTimerCount()).toBe(1);
    runtime.keepAwake(false);
    for (let n = 0; n < 12; n++) runtime.log("room-woke");
    expect(vi.getTimerCount()).toBe(0);
    vi.setSystemTime(START_MS + 1_320_000);
    new SystemRuntime().keepAwake(true);
    vi.advanceTimersByTime(0);
    expect(told().slice(20)).toEqual([
      { event: "log-lines-left-out", name: "client-closed", leftOut: 2 },
      { event: "log-lines-left-out", name: "room-woke", leftOut: 2 },
    ]);
    for (let n = 0; n < 11; n++) logEvent("stream-reset");
    vi.setSystemTime(START_MS + 1_440_000);
    logEvent("room-woke");
    expect(told().slice(-2)).toEqual([
      { event: "log-lines-left-out", name: "stream-reset", leftOut: 1 },
      { event: "room-woke" },
    ]);
  });
});

describe("keepConsole", () => {
  it("[A6] [O3] lets no library print, and says that one wanted to", () => {
    const kept = { ...console };
    const printed: unknown[] = [];
    vi.useFakeTimers({ now: 1_700_009_000_000 });
    try {
      console.log = console.error = (...values: unknown[]) => void printed.push(...values);
      keepConsole();
      console.log("reader closed", new Error("hunter2"));
      console.error("hunter2");
      logEvent("room-woke", { clients: 1 });
    } finally {
      Object.assign(console, kept);
      vi.useRealTimers();
    }
    expect(printed.map((line) => JSON.parse(String(line)) as unknown)).toMatchObject([
      { event: "library-printed", method: "log" },
      { event: "library-printed", method: "error" },
      { event: "room-woke", clients: 1 },
    ]);
    expect(String(printed)).not.toContain("hunter2");
  });
});

describe("describeError", () => {
  it("[A6] says what was thrown and where, without its message", () => {
    const described = describeError(new TypeError("Invalid URL: ws://user:hunter2@broker\n    token hunter2"));
    expect(described.error).toBe("TypeError");
    expect(described.at).toContain("log.test.ts");
    expect(JSON.stringify(described)).not.toContain("hunter2");
  });

  it("[A6] says only the type of what is no error", () => {
    expect(describeError("hunter2")).toEqual({ error: "string", at: "" });
  });
});
