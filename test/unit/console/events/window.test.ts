import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowsInSight, scrollFor } from "../../../../src/console/events/window.ts";

const sight = fc.record({
  scrollTop: fc.integer({ min: 0, max: 200_000 }),
  height: fc.integer({ min: 0, max: 2_000 }),
  rowHeight: fc.constantFrom(34, 54),
});

describe("rowsInSight", { tags: "long" }, () => {
  it("has every row in sight, and few others", () => {
    fc.assert(
      fc.property(sight, fc.integer({ min: 0, max: 5_000 }), (seen, count) => {
        const { from, to } = rowsInSight(seen, count);
        expect(from >= 0 && from <= to && to <= count).toBe(true);
        expect(to - from).toBeLessThanOrEqual(Math.ceil(seen.height / seen.rowHeight) + 14);
        for (let index = 0; index < count; index += 7) {
          const top = index * seen.rowHeight;
          const isInSight = top + seen.rowHeight > seen.scrollTop && top < seen.scrollTop + seen.height;
          if (isInSight) expect(index >= from && index < to).toBe(true);
        }
      }),
    );
  });
});

describe("scrollFor", { tags: "long" }, () => {
  it("brings a row into sight, and does not move for one that is", () => {
    fc.assert(
      fc.property(sight, fc.integer({ min: 0, max: 5_000 }), (seen, index) => {
        fc.pre(seen.height >= seen.rowHeight);
        const to = scrollFor(index, seen);
        const top = index * seen.rowHeight;
        expect(top >= to && top + seen.rowHeight <= to + seen.height).toBe(true);
        if (top >= seen.scrollTop && top + seen.rowHeight <= seen.scrollTop + seen.height)
          expect(to).toBe(seen.scrollTop);
      }),
    );
  });
});
