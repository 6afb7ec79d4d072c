import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OpenSubjects } from "../../../src/quota/open-subjects.ts";

/** Silence after which a room is forgotten, and a client that was let through and never came. */
const SILENT_MS = 150_000;
const ARRIVES_MS = 30_000;

describe("the open subjects of a credential", () => {
  it("[B4] are limited, and one that is open may be opened again", () => {
    const open = new OpenSubjects();
    expect(["a", "b", "a", "c"].map((subject) => open.tryOpen(subject, 2, 0))).toEqual([true, true, true, false]);
  });

  it("[B4] make room when one is closed", () => {
    const open = new OpenSubjects();
    open.tryOpen("a", 1, 0);
    open.renew("a", "a#0", 0);
    open.close("a", "a#0");
    expect(open.tryOpen("b", 1, 0)).toBe(true);
  });

  it("[B4] hold a place until the last room of a subject has closed", () => {
    const open = new OpenSubjects();
    open.tryOpen("a", 1, 0);
    open.renew("a", "a#0", 0);
    open.tryOpen("a", 1, 0);
    open.renew("a", "a#1", 0);
    open.close("a", "a#1");
    open.close("a", "a#1");
    expect(open.tryOpen("b", 1, 0)).toBe(false);
    open.close("a", "a#0");
    expect(open.tryOpen("b", 1, 0)).toBe(true);
  });

  it("[B4] forget the rooms that are silent, each for itself", () => {
    const open = new OpenSubjects();
    open.renew("a", "a#0", 0);
    open.renew("a", "a#1", 140_000);
    expect(open.tryOpen("b", 1, SILENT_MS + 1)).toBe(false);
    open.close("a", "a#1");
    expect(open.tryOpen("b", 1, SILENT_MS + 1)).toBe(true);
  });

  it("[B4] are forgotten when their room has long been silent, and not while it renews", () => {
    const open = new OpenSubjects();
    open.tryOpen("a", 1, 0);
    open.renew("a", "a#0", 0);
    open.renew("a", "a#0", 140_000);
    expect(open.tryOpen("b", 1, 140_000 + SILENT_MS)).toBe(false);
    expect(open.tryOpen("b", 1, 140_001 + SILENT_MS)).toBe(true);
  });

  it("[B4] forget soon what nobody arrived for", () => {
    const open = new OpenSubjects();
    open.tryOpen("a", 1, 0);
    open.tryOpen("a", 1, 10_000);
    expect(open.tryOpen("b", 1, 10_000 + ARRIVES_MS)).toBe(false);
    expect(open.tryOpen("b", 1, 10_001 + ARRIVES_MS)).toBe(true);
  });

  it("[B4] keep what is on its way when a room closes that others have left", () => {
    const open = new OpenSubjects();
    open.tryOpen("a", 1, 0);
    open.close("a", "a#0");
    expect(open.tryOpen("b", 1, 0)).toBe(false);
  });

  it("[B4] include what a room renews that the ledger had forgotten", () => {
    const open = new OpenSubjects();
    open.renew("a", "a#0", 0);
    expect(open.tryOpen("b", 1, 0)).toBe(false);
  });

  it("[B4] count what is renewed past the limit, and no other loses its place", () => {
    const open = new OpenSubjects();
    open.tryOpen("a", 2, 0);
    open.renew("b", "b#0", 0);
    open.renew("c", "c#0", 0);
    expect(["a", "b", "c", "d"].map((subject) => open.tryOpen(subject, 2, 0))).toEqual([true, true, true, false]);
    open.close("c", "c#0");
    expect(["a", "b", "d"].map((subject) => open.tryOpen(subject, 2, 0))).toEqual([true, true, false]);
  });

  it("[B4] are never more than the limit, in whatever order rooms open and close", { tags: "long" }, () => {
    const step = fc.record({ closes: fc.boolean(), subject: fc.nat(4), shard: fc.nat(2) });
    const steps = fc.array(step, { maxLength: 100, size: "max" });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), steps, (max, list) => {
        const open = new OpenSubjects();
        const rooms = new Set<string>();
        for (const { closes, subject, shard } of list) {
          const room = `${subject}#${shard}`;
          if (closes) {
            rooms.delete(room);
            open.close(String(subject), room);
            continue;
          }
          const subjects = new Set(Array.from(rooms, (name) => name.slice(0, 1)));
          const allowed = open.tryOpen(String(subject), max, 0);
          expect(allowed).toBe(subjects.has(String(subject)) || subjects.size < max);
          if (!allowed) continue;
          rooms.add(room);
          open.renew(String(subject), room, 0);
        }
      }),
    );
  });
});
