/** docs/platform.md: every fact says where it was seen, and which test would tell when it no longer holds. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { definitionsOf } from "../../support/rule-ids.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const facts = definitionsOf(readFileSync(join(ROOT, "docs/platform.md"), "utf8"));

/** The ids before a title, as `[W5] [JS-2] `; null when the file has no such title. */
function idsOf(file: string, title: string): string | null {
  const path = join(ROOT, file);
  const source = existsSync(path) ? readFileSync(path, "utf8") : "";
  return source.split('"').find((text) => text.replace(/^(?:\[[^\]]+\] )*/, "") === title) ?? null;
}

test("every fact says where it was seen, and that a test asserts it or why none does", () => {
  expect(facts.length).toBeGreaterThan(0);
  const wrong = facts.filter(
    ({ text }) => !/^- Seen on: [^]*^- (?:Asserted by:\s+`test\/|Not asserted:\s+\S)/m.test(text),
  );
  expect(wrong.map(({ id }) => id)).toEqual([]);
});

test("every test that a fact names exists, and has its id before the title if it asserts it", () => {
  const wrong = facts.flatMap(({ id, text }) =>
    Array.from(text.matchAll(/`(test\/[^`]+)`\s"([^"]+)"/g), ([, file = "", title = ""]) => {
      const ids = idsOf(file, title);
      if (ids === null) return `${id}: no ${title}`;
      // A check of the conformance program says nothing of the platform that a relay runs on.
      const isNamed = /^- Not asserted:/m.test(text) || file.startsWith("test/conformance/") || ids.includes(`[${id}]`);
      return isNamed ? null : `${id} is not before: ${title}`;
    }),
  );
  expect(wrong.filter((fault) => fault !== null)).toEqual([]);
});
