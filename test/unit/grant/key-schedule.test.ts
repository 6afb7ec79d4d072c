import { describe, expect, it } from "vitest";
import {
  FETCH_LIMIT_MS,
  KeySchedule,
  MAX_AGE_MS,
  RETRY_MS,
  UNKNOWN_EVERY_MS,
} from "../../../src/grant/key-schedule.ts";

function loadedAt(nowMs: number): KeySchedule {
  const schedule = new KeySchedule();
  schedule.started(false, nowMs)(true, nowMs);
  return schedule;
}

describe("KeySchedule", () => {
  it("[A2] fetches once where nothing is loaded, and lets the others wait", () => {
    const schedule = new KeySchedule();
    expect(schedule.next(false, 0)).toBe("fetch");
    const ended = schedule.started(false, 0);
    expect(schedule.next(false, 1)).toBe("wait");
    expect(schedule.next(true, 1)).toBe("wait");
    ended(true, 2);
    expect(schedule.next(false, 2)).toBe("use");
  });

  it("[A2] says unavailable for a moment after a failure, then tries again", () => {
    const schedule = new KeySchedule();
    schedule.started(false, 0)(false, 100);
    expect(schedule.next(false, 100 + RETRY_MS - 1)).toBe("unavailable");
    expect(schedule.next(false, 100 + RETRY_MS)).toBe("fetch");
  });

  it("[A2] fetches for an unknown key at most every 30 s", () => {
    const schedule = loadedAt(0);
    expect(schedule.next(true, 1)).toBe("fetch");
    schedule.started(true, 1)(true, 5);
    for (const atMs of [5, 1_000, 5 + UNKNOWN_EVERY_MS - 1]) expect(schedule.next(true, atMs)).toBe("use");
    expect(schedule.next(true, 5 + UNKNOWN_EVERY_MS)).toBe("fetch");
  });

  it("[A2] knows nothing about an unknown key after a fetch that failed, and all about the others", () => {
    const schedule = loadedAt(0);
    schedule.started(true, 1)(false, 5);
    expect(schedule.next(true, 6)).toBe("unavailable");
    expect(schedule.next(false, 6)).toBe("use");
    expect(schedule.next(true, 5 + UNKNOWN_EVERY_MS)).toBe("fetch");
  });

  it("[A2] fetches old keys anew, uses them meanwhile, and goes on with them when that fails", () => {
    const schedule = loadedAt(0);
    expect(schedule.next(false, MAX_AGE_MS - 1)).toBe("use");
    expect(schedule.next(false, MAX_AGE_MS)).toBe("fetch");
    const ended = schedule.started(false, MAX_AGE_MS);
    expect(schedule.next(false, MAX_AGE_MS + 1)).toBe("use");
    ended(false, MAX_AGE_MS + 2);
    expect(schedule.next(false, MAX_AGE_MS + 3)).toBe("use");
    expect(schedule.next(false, MAX_AGE_MS + 2 + UNKNOWN_EVERY_MS)).toBe("fetch");
  });

  it("[A2] gives up on a fetch that never reports, which then counts for nothing", () => {
    const schedule = loadedAt(0);
    const late = schedule.started(true, 0);
    expect(schedule.next(true, FETCH_LIMIT_MS - 1)).toBe("wait");
    expect(schedule.next(true, FETCH_LIMIT_MS)).toBe("fetch");
    const second = schedule.started(true, FETCH_LIMIT_MS);
    late(true, FETCH_LIMIT_MS + 1);
    expect(schedule.next(true, FETCH_LIMIT_MS + 1)).toBe("wait");
    second(true, FETCH_LIMIT_MS + 2);
    expect(schedule.next(true, FETCH_LIMIT_MS + 2)).toBe("use");
  });
});
