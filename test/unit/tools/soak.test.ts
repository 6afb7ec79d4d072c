import { describe, expect, it } from "vitest";
import { readFlags } from "../../soak/flags.ts";
import { judgeMemory, memoryRows, type Sample } from "../../soak/memory.ts";

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;

/** A sample each five seconds. */
function samples(minutes: number, mibAt: (minute: number) => number): Sample[] {
  return Array.from({ length: minutes * 12 }, (_, i) => ({ atMs: i * 5_000, bytes: mibAt(i / 12) * MIB }));
}

describe("the soak's judgement", () => {
  it("calls memory flat whatever it does in the first five minutes, and not when it goes on growing", () => {
    const warm = samples(30, (minute) => (minute < 5 ? 100 + 20 * minute : 200));
    expect(judgeMemory(warm, 30 * MINUTE_MS).flat).toBe(true);
    const leaking = samples(30, (minute) => 150 + 5 * minute);
    expect(judgeMemory(leaking, 30 * MINUTE_MS).flat).toBe(false);
  });

  it("has a row for each five minutes", () => {
    expect(memoryRows(samples(12, () => 100)).map(([when]) => when)).toEqual([
      "0 to 5.0 min",
      "5 to 10.0 min",
      "10 to 11.9 min",
    ]);
  });

  it("refuses a flag that is no number", () => {
    expect(readFlags([])).toEqual({ minutes: 30, clients: 300, tenants: 20 });
    expect(() => readFlags(["--minutes", "x"])).toThrow("--minutes must be a whole number");
  });
});
