import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entryOf, type Entry } from "../../../../src/console/events/entry.ts";
import { isEmpty, matcherOf, NO_FILTER, Shown, type Filter } from "../../../../src/console/events/filter.ts";
import { EventLog } from "../../../../src/console/events/log.ts";

const entry = entryOf(3, 41, { type: "io.cellos.cell.v1.started", source: "/cells/A", data: { node: "Nüremberg-7" } });
const matches = (filter: Partial<Filter>): boolean => matcherOf({ ...NO_FILTER, ...filter })(entry);

describe("matcherOf", () => {
  it.each([
    {},
    { type: "STARTED" },
    { type: "cell start" },
    { source: " /cells/a " },
    { text: "nüremberg" },
    { text: "NÜREMBERG started /CELLS" },
    { type: "v1", source: "a", text: "node" },
  ])("lets it pass: %j", (filter) => expect(matches(filter)).toBe(true));

  it.each([
    { type: "stopped" },
    { type: "cell nowhere" },
    { type: "/cells" },
    { source: "started" },
    { text: "nürnberg" },
    { type: "cell", text: "nowhere" },
  ])("keeps it out: %j", (filter) => expect(matches(filter)).toBe(false));

  it("takes every sign for itself", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]+$/), (type) => {
        const own = matcherOf({ ...NO_FILTER, type });
        expect(own(entryOf(0, 1, { type: `a ${type} b` }))).toBe(true);
        expect(own(entryOf(0, 1, { type: "" }))).toBe(false);
      }),
    );
  });

  it("is empty when nothing but spaces were typed", () => {
    expect([isEmpty({ ...NO_FILTER, text: "  " }), isEmpty({ ...NO_FILTER, source: "a" })]).toEqual([true, false]);
  });
});

describe("Shown", () => {
  const command = fc.oneof(
    fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant("filter" as const), type: fc.constantFrom("", "0", "1", "none") }),
    fc.record({ do: fc.constantFrom("clear", "hold", "release", "update", "cut") }),
  );

  it("is the log's entries that pass, whatever happened in between", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const log = new EventLog();
        const shown = new Shown();
        let filter = NO_FILTER;
        let seq = 0;
        for (const next of commands) {
          if (next.do === "append" && "count" in next) {
            for (let at = 0; at < next.count; at++) log.append(++seq, { type: String(seq % 2) });
          } else if (next.do === "filter" && "type" in next) filter = { ...filter, type: next.type };
          else if (next.do === "clear") log.clear();
          else if (next.do === "hold") log.hold();
          else if (next.do === "release") log.release();
          else if (next.do === "cut") log.cutAfter(log.entries.at(-2)?.key ?? -1);
          if (next.do === "append") continue;
          shown.update(log.entries, filter);
          expect(shown.entries).toEqual(log.entries.filter(matcherOf(filter)));
        }
      }),
    );
  });

  it("looks at what is new, not at all of it again", () => {
    const all: Entry[] = Array.from({ length: 1_000 }, (_, key) => entryOf(key, key, {}));
    const shown = new Shown();
    shown.update(all, NO_FILTER);
    let looks = 0;
    const counted = new Proxy(all, {
      get: (target, name, receiver) => {
        looks += /^\d+$/.test(String(name)) ? 1 : 0;
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
    all.push(entryOf(1_000, 1_000, {}));
    shown.update(counted, NO_FILTER);
    expect([shown.entries.length, looks < 20]).toEqual([1_001, true]);
  });
});
