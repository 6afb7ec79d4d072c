import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { SETTINGS_HEAD, settingsRows } from "../../support/settings-table.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const MAX_LINES = 250;

/** Files at the top of src that belong together count as a folder of that name. */
const TOP_FILES: Readonly<Record<string, string>> = {
  "config.ts": "config",
  "settings.ts": "config",
  "worker.ts": "worker",
};

/** Who may import whom: a folder, one file of it, or with `type ` a folder's types alone. docs/architecture.md says the same. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  shared: [],
  config: ["protocol", "shared"],
  upstream: ["protocol", "shared", "config"],
  room: ["upstream", "protocol", "shared", "config"],
  edge: ["type room", "room/join.ts", "room/room-name.ts", "upstream/probe.ts", "protocol", "shared", "config"],
  client: ["protocol", "shared"],
  console: ["client"],
  dev: ["protocol", "shared", "config"],
  worker: ["edge", "room", "shared"],
};

/** The only things that the top of the repository may hold, besides dot-files and what git ignores. */
const TOP_LEVEL = [
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "docs",
  "package-lock.json",
  "package.json",
  "src",
  "test",
  "tsconfig.json",
  "vitest.config.ts",
  "wrangler.toml",
];
const IGNORED = ["dist", "node_modules"];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

test("no TypeScript file has more than 250 lines", () => {
  const lines = filesBelow("src", "test").map((file) => ({ file, lines: read(file).trimEnd().split("\n").length }));
  expect(lines.filter((entry) => entry.lines > MAX_LINES)).toEqual([]);
});

test("imports between the folders of src follow the message's journey", () => {
  const wrong = filesBelow("src")
    .flatMap(importsOf)
    .filter((found) => !isAllowed(found));
  expect(wrong).toEqual([]);
});

test("every folder of src has one line in the table of docs/architecture.md", () => {
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const told = importRules().flatMap(({ places }) => places.filter((place) => place.endsWith("/")));
  expect(told.toSorted()).toEqual(folders.map(({ name }) => `${name}/`).toSorted());
});

test("the table of docs/architecture.md says who may import whom as the check above does", () => {
  const told = importRules().map(({ places, mayImport }) => [folderOf(places[0] ?? ""), mayImport] as const);
  expect(Object.fromEntries(told)).toEqual(MAY_IMPORT);
  expect(told).toHaveLength(Object.keys(MAY_IMPORT).length);
  const files = importRules().flatMap(({ places }) => places.filter((place) => !place.endsWith("/")));
  expect(files.toSorted()).toEqual(Object.keys(TOP_FILES).toSorted());
});

test("[O2] the table of docs/settings.md is the one in the code", () => {
  const rows = rowsOf("docs/settings.md");
  const head = rows.findIndex((cells) => cells.join() === SETTINGS_HEAD.join());
  expect(head).toBeGreaterThanOrEqual(0);
  expect(rows.slice(head + 2)).toEqual(settingsRows());
});

test("[O3] the table of docs/logs.md has a row for every event that the code logs, and no other", () => {
  const events = filesBelow("src")
    .filter((file) => !file.startsWith("src/dev/"))
    .flatMap((file) => [...read(file).matchAll(/\b(?:logEvent|logSparingly|logLine)\(\s*"([^"]+)"/g)])
    .map(([, event]) => `\`${event}\``);
  const [, , ...rows] = rowsOf("docs/logs.md");
  expect(rows.map(([event]) => event)).toEqual([...new Set(events)].toSorted());
  expect(rows.filter((cells) => cells.length !== 3 || cells.includes(""))).toEqual([]);
});

test("the top of the repository holds nothing unexpected", () => {
  const visible = readdirSync(ROOT).filter((name) => !name.startsWith(".") && !IGNORED.includes(name));
  expect(visible.toSorted()).toEqual(TOP_LEVEL);
});

function filesBelow(...folders: string[]): string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
    )
    .filter((name) => name.endsWith(".ts"));
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function importsOf(file: string): Import[] {
  const statements = read(file).matchAll(
    /^(?:import|export)\s+(type\s)?[^;]*?\sfrom\s+"(\.[^"]+)"|import\(?\s*"(\.[^"]+)"/gm,
  );
  return [...statements].map(([, type, path, bare]) => ({
    from: relative("src", file),
    to: relative("src", join(dirname(file), path ?? bare ?? "")),
    typeOnly: type !== undefined,
  }));
}

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const target = folderOf(to);
  // env.d.ts names the bindings, and so the class behind each.
  if (from.endsWith(".d.ts") || folderOf(from) === target) return true;
  const allowed = MAY_IMPORT[folderOf(from)] ?? [];
  return allowed.includes(target) || allowed.includes(to) || (typeOnly && allowed.includes(`type ${target}`));
}

function folderOf(file: string): string {
  return TOP_FILES[file] ?? file.split("/")[0] ?? file;
}

/** The rows of the table: which places of src a rule is for, and what they may import. */
function importRules(): { places: string[]; mayImport: string[] }[] {
  const rows = rowsOf("docs/architecture.md").filter(([first]) => first?.startsWith("`src/"));
  return rows.map(([first = "", , last = ""]) => ({
    places: quoted(first).map((place) => place.replace("src/", "")),
    mayImport: quoted(last),
  }));
}

/** What stands between backticks. */
function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
}

/** The cells of every table row of a document. */
function rowsOf(document: string): string[][] {
  const rows = read(document)
    .split("\n")
    .filter((line) => line.startsWith("|"));
  return rows.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
