import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { citationsOf, definitionsOf, provenBy } from "../../support/rule-ids.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const FOLDERS = ["src", "test", "docs", ".ci"];
/** Names of packages and their hashes, and the text of a licence, which speaks of contracts. */
const FOREIGN = ["package-lock.json", "LICENSE"];
const PICTURES = [".png", ".webp"];
/** Documents that are not in the repository, and whose names are therefore no reference. Put together, or they would be found here. */
const ELSEWHERE = ["CONTRA".concat("CT"), "PLAT".concat("FORM")];
const NOT_TESTABLE = /^Not testable here: \S/m;

const files = filesOf(".", false)
  .concat(FOLDERS.flatMap((folder) => filesOf(folder, true)))
  .filter((file) => !FOREIGN.includes(file) && !PICTURES.includes(extname(file)));
const texts = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), "utf8")]));

const rules = definitionsOf(texts.get("docs/spec.md") ?? "");
const facts = definitionsOf(texts.get("docs/platform.md") ?? "");
const defined = new Set([...rules, ...facts].map(({ id }) => id));
const titled = [...texts]
  .filter(([file]) => file.endsWith(".test.ts") || file.startsWith("test/conformance/rules/"))
  .flatMap(([file, text]) => provenBy(text).map((id) => ({ id, file })));
const proven = new Set(titled.map(({ id }) => id));

function filesOf(folder: string, deep: boolean): string[] {
  return readdirSync(join(ROOT, folder), { recursive: deep, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
}

test("every id is defined once", () => {
  expect(rules.length).toBeGreaterThan(0);
  expect(facts.length).toBeGreaterThan(0);
  const ids = [...rules, ...facts].map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test("every id that is cited is defined", () => {
  const dangling = [...texts].flatMap(([file, text]) =>
    citationsOf(text).flatMap(({ id, line }) => (defined.has(id) ? [] : [`${file}:${line} ${id}`])),
  );
  expect([...new Set(dangling)]).toEqual([]);
});

test("every title of a test begins with ids that are defined", () => {
  const unknown = titled.flatMap(({ id, file }) => (defined.has(id) ? [] : [`${file} [${id}]`]));
  expect([...new Set(unknown)]).toEqual([]);
});

test("every rule has a test whose title begins with its id, or says why it has none", () => {
  const unproven = rules.filter(({ id, text }) => !proven.has(id) && !NOT_TESTABLE.test(text));
  expect(unproven.map(({ id }) => id)).toEqual([]);
});

test("nothing refers to a document that is not in the repository", () => {
  const word = new RegExp(`\\b(?:${ELSEWHERE.join("|")})\\b`);
  const found = [...texts].flatMap(([file, text]) =>
    text.split("\n").flatMap((line, index) => (word.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

describe("ids", () => {
  const madeUp = "W".concat("99");
  const fact = "DO-".concat("99");

  it("are found in comments, strings, titles, lists and ranges", () => {
    const text = `// as ${madeUp} says, and ${fact}\n"[${madeUp}, V10] x" (${madeUp})\nH1-H6, B1/B2, C, ${madeUp}.`;
    expect(citationsOf(text).map(({ id, line }) => `${line} ${id}`)).toEqual([
      ...[`1 ${madeUp}`, `1 ${fact}`, `2 ${madeUp}`, "2 V10", `2 ${madeUp}`],
      ...["3 H1", "3 H6", "3 B1", "3 B2", `3 ${madeUp}`],
    ]);
  });

  it.each(["%C3%A9", "#B1", "xW5", "W5x", "W1234", "RELAY_V1", "A-Z2-7", "UTF-8", "SHA-256", "w5", "D5"])(
    "are not found in %s",
    (text) => {
      expect(citationsOf(text)).toEqual([]);
    },
  );

  it("are defined by headings, each with what follows it", () => {
    const markdown = `## V2 it is\n\n### W5 One\n\ntext\n\n### C Two\n\n### A note\n\n#### DO-3 Three\nmore\n`;
    expect(definitionsOf(markdown)).toEqual([
      { id: "V2", text: "\n" },
      { id: "W5", text: "\ntext\n\n" },
      { id: "C", text: "\n" },
      { id: "DO-3", text: "more\n" },
    ]);
  });

  it("are proven by how titles begin, and by the checks of the conformance program", () => {
    // Written with other brackets, or they would be taken for titles of this file.
    const source = [
      'test("<W3> <W5> x", f); it.each([V1, V2])("<B1, B2> %s", f);',
      "describe(`<V9> a <W9> b`, f); expect('x <W6>'); // <W7>",
      'rule(\n  "U1",\n  "sentence", f); notChecked("U2", "x", "y");',
    ].join("\n");
    const titles = source.replaceAll("<", "[").replaceAll(">", "]");
    expect(provenBy(titles)).toEqual(["W3", "W5", "B1", "B2", "V9", "U1"]);
  });
});
