import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { anchorsOf, brokenLinks, linksOf } from "../../support/markdown.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** What git does not track. */
const IGNORED = [".git", ".wrangler", "dist", "node_modules"];

test("every link of every document leads to a file and a heading that exist", () => {
  const documents = new Map(documentsBelow("").map((file) => [file, readFileSync(join(ROOT, file), "utf8")]));
  expect([...documents.keys()]).toContain("README.md");
  const exists = (path: string): boolean => !isIgnored(path) && existsSync(join(ROOT, path));
  expect(brokenLinks(documents, exists)).toEqual([]);
});

function documentsBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (isIgnored(path)) return [];
    if (entry.isDirectory()) return documentsBelow(path);
    return path.endsWith(".md") ? [path] : [];
  });
}

function isIgnored(path: string): boolean {
  return IGNORED.includes(path.split("/")[0] ?? "");
}

describe("a broken link", () => {
  const files = ["docs/a.md", "docs/b.md", "src/flow.ts", "src", "README.md", "docs", "docs/two words.md"];
  const other = "# Other\n\n## A `ping`, and why\n";
  const faults = (text: string): string[] =>
    brokenLinks(
      new Map([
        ["docs/a.md", text],
        ["docs/b.md", other],
      ]),
      (path) => files.includes(path),
    );

  it.each([
    ["[a file](b.md)"],
    ["[a folder](../src)"],
    ["[a folder](../src/)"],
    ["[its own folder](.)"],
    ["[`code`](../src/flow.ts)"],
    ["[a heading](b.md#a-ping-and-why)"],
    ["# Here\n\n[of this document](#here)"],
    ['[with a title](b.md "Title") and ![image](b.md)'],
    ["[escaped](two%20words.md) and [pointed](<two words.md>)"],
    ["[elsewhere](https://example.com/a#b), <https://example.com>"],
    ["`[not](a-link.md)` and ``[nor `this`](x.md)``"],
    ["```md\n[nor](this.md)\n```\n"],
    ["~~~\n```\n[nor](this.md)\n~~~\n"],
    ["<!-- [nor](this.md) -->"],
    ["[a word] (in brackets), a[0](b.md)"],
  ])("is none of %j", (text) => {
    expect(faults(text)).toEqual([]);
  });

  it.each([
    ["[x](made-up.md)", "docs/a.md:1 made-up.md: no such file"],
    ["\n\n[x](../src/made-up.ts)", "docs/a.md:3 ../src/made-up.ts: no such file"],
    ["[x](../../outside.md)", "docs/a.md:1 ../../outside.md: no such file"],
    ["![x](made-up.png)", "docs/a.md:1 made-up.png: no such file"],
    ["[![x](b.md)](made-up.md)", "docs/a.md:1 made-up.md: no such file"],
    ["[two\nlines](made-up.md)", "docs/a.md:2 made-up.md: no such file"],
    ["```\ncode\n```\n[x](made-up.md)", "docs/a.md:4 made-up.md: no such file"],
    ["[x]: made-up.md", "docs/a.md:1 made-up.md: no such file"],
    ['<img src="made-up.png">', "docs/a.md:1 made-up.png: no such file"],
    ["[x](b.md#made-up)", "docs/a.md:1 b.md#made-up: no such heading"],
    ["[x](#made-up)", "docs/a.md:1 #made-up: no such heading"],
    ["[x](B.md)", "docs/a.md:1 B.md: no such file"],
    ["[x](../src/flow.ts#L3)", "docs/a.md:1 ../src/flow.ts#L3: only a heading of a document can be named"],
    ["[x](/docs/b.md)", "docs/a.md:1 /docs/b.md: not a relative path"],
    ["[x]()", "docs/a.md:1 : not a relative path"],
    ["[x](http://example.com)", "docs/a.md:1 http://example.com: not an https address"],
    ["<mailto:x@example.com>", "docs/a.md:1 mailto:x@example.com: not an https address"],
    ["[x](https://)", "docs/a.md:1 https://: not an https address"],
  ])("is %j", (text, fault) => {
    expect(faults(text)).toEqual([fault]);
  });
});

test("headings have the names that GitHub gives them", () => {
  const text = [
    "# Ping & pong: `ackBytes`, V9",
    "## [Linked](x.md) *text*",
    "## Twice",
    "## Twice",
    "## Twice ##",
    "## a_b-c  d",
    "## Ünïcode 2.0",
    '<a id="W5"></a>',
    "```sh",
    "# no heading",
    "```",
    "#none",
  ].join("\n");
  expect([...anchorsOf(text)]).toEqual([
    "W5",
    "ping--pong-ackbytes-v9",
    "linked-text",
    "twice",
    "twice-1",
    "twice-2",
    "a_b-c--d",
    "ünïcode-20",
  ]);
});

test("links are told with their lines", () => {
  expect(linksOf("[a](b)\n\n<https://c.example>\n[d]: e")).toEqual([
    { line: 1, target: "b" },
    { line: 3, target: "https://c.example" },
    { line: 4, target: "e" },
  ]);
});
