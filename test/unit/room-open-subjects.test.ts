import { describe, expect, it } from "vitest";
import { OpenSubjects } from "../../src/room/open-subjects.ts";

describe("the open subjects of a credential", () => {
  it("[B4] are limited, and one that is open may be opened again", () => {
    const open = new OpenSubjects();
    expect(["a", "b", "a", "c"].map((subject) => open.tryOpen(subject, 2, 0))).toEqual([true, true, true, false]);
  });

  it("[B4] make room when one is closed", () => {
    const open = new OpenSubjects();
    open.tryOpen("a", 1, 0);
    open.close("a");
    expect(open.tryOpen("b", 1, 0)).toBe(true);
  });

  it("[B4] are forgotten when their room has long been silent, and not while it renews", () => {
    const open = new OpenSubjects();
    open.tryOpen("a", 1, 0);
    open.renew("a", 140_000);
    expect(open.tryOpen("b", 1, 160_000)).toBe(false);
    expect(open.tryOpen("b", 1, 300_001)).toBe(true);
  });

  it("[B4] include what a room renews that the ledger had forgotten", () => {
    const open = new OpenSubjects();
    open.renew("a", 0);
    expect(open.tryOpen("b", 1, 0)).toBe(false);
  });
});
