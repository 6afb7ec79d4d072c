import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { severityOf } from "../../../src/shared/log-severity.ts";
import { VERSION } from "../../../src/shared/version.ts";
import { SETTINGS_HEAD, settingsRows } from "../../support/settings-table.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Lines of code: comments and empty lines do not count, so that nobody shortens either to fit. */
const MAX_CODE_LINES = 250;

/**
 * Who may import whom: a folder of src may import what stands beside it, and no other; `type ` allows a folder's types
 * alone. Each line uses only lines above it, so no import runs back up. docs/architecture.md says the same.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  shared: [],
  config: ["protocol", "shared"],
  grant: ["protocol", "shared", "config"],
  ticket: ["protocol", "shared", "config", "grant"],
  upstream: ["protocol", "shared", "config"],
  placement: ["shared", "config"],
  quota: ["shared"],
  "room/isolate": [],
  "room/delivery": ["protocol", "shared", "grant", "room/isolate"],
  "room/join": ["protocol", "shared", "grant"],
  "room/live": ["protocol", "shared", "config", "upstream", "room/delivery", "room/join"],
  "room/replay": ["protocol", "shared", "upstream", "room/isolate", "room/delivery"],
  room: [
    "protocol",
    "shared",
    "config",
    "grant",
    "upstream",
    "placement",
    "quota",
    "room/isolate",
    "room/delivery",
    "room/join",
    "room/live",
    "room/replay",
  ],
  edge: ["protocol", "shared", "config", "grant", "ticket", "upstream", "placement", "quota", "room/join"],
  worker: ["shared", "ticket", "quota", "room", "edge"],
  "client/wire": ["protocol"],
  "client/shared": ["protocol", "client/wire"],
  client: ["protocol", "shared", "client/wire", "client/shared"],
  "console/page": [],
  "console/connection": ["protocol", "client/wire", "client", "console/page"],
  "console/events": ["client", "console/page", "console/connection"],
  "console/figures": ["console/page", "console/connection"],
  console: ["client", "console/page", "console/connection", "console/events", "console/figures"],
  dev: ["protocol", "shared", "config"],
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

test("no TypeScript file has more than 250 lines of code", () => {
  const lines = filesBelow("src", "test").map((file) => ({ file, lines: linesOfCode(file) }));
  expect(lines.filter((entry) => entry.lines > MAX_CODE_LINES)).toEqual([]);
});

test("imports between the folders of src follow the message's journey, and never back up", () => {
  const wrong = filesBelow("src")
    .flatMap(importsOf)
    .filter((found) => !isAllowed(found));
  expect(wrong).toEqual([]);
  const order = Object.keys(MAY_IMPORT);
  const backUp = order.flatMap((folder, index) =>
    (MAY_IMPORT[folder] ?? []).filter((other) => order.indexOf(other) >= index).map((other) => `${folder} → ${other}`),
  );
  expect(backUp).toEqual([]);
});

test("the table of docs/architecture.md says who may import whom as the check above does", () => {
  const told = importRules().map(({ place, mayImport }) => [place, mayImport] as const);
  expect(Object.fromEntries(told)).toEqual(MAY_IMPORT);
  expect(told.map(([place]) => place)).toEqual(Object.keys(MAY_IMPORT));
  const folders = new Set(sourceFiles().map((file) => folderOf(relative("src", file))));
  expect([...folders].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
});

test("a file that reaches outside says EFFECTS in its first comment, and no other does", () => {
  const unmarked = sourceFiles().filter((file) => !isMarked(file) && EFFECTS.test(withoutComments(read(file))));
  expect(unmarked).toEqual([]);
});

test("the files without that mark, and no others, are compiled without the platform's types", () => {
  const { exclude } = JSON.parse(read("src/tsconfig.pure.json")) as { readonly exclude: readonly string[] };
  const marked = sourceFiles()
    .filter((file) => isMarked(file))
    .map((file) => relative("src", file));
  expect(exclude.toSorted()).toEqual(marked.toSorted());
  const wrong = sourceFiles()
    .filter((file) => !isMarked(file))
    .flatMap(importsOf)
    .filter(({ to, typeOnly }) => !typeOnly && isMarked(join("src", to)));
  expect(wrong).toEqual([]);
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
    .flatMap((file) => [...read(file).matchAll(/\b(?:log|logEvent|logSparingly|print)\(\s*"([^"]+)"/g)])
    .map(([, event]) => `\`${event}\``);
  const [, , ...all] = rowsOf("docs/logs.md");
  const rows = all.slice(
    0,
    all.findIndex(([head]) => head === "cause"),
  );
  expect(rows.map(([event]) => event)).toEqual([...new Set(events)].toSorted());
  expect(rows.filter((cells) => cells.length !== 3 || cells.includes(""))).toEqual([]);
});

test("[O3] docs/logs.md names the events of each severity that is not a warning", () => {
  const [, , ...rows] = rowsOf("docs/logs.md");
  const events = rows.map(([event = ""]) => event.replaceAll("`", ""));
  const text = read("docs/logs.md").replaceAll("\n", " ");
  for (const severity of ["error", "info"] as const) {
    const list = events.filter((event) => severityOf(event) === severity).map((event) => `\`${event}\``);
    expect(text).toMatch(new RegExp(`\`${severity}\` where [^(]+\\(${list.join(", ")}\\)`));
  }
});

test("[H9] the version in the code is the package's", () => {
  expect(VERSION).toBe((JSON.parse(read("package.json")) as { readonly version: string }).version);
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

function isAllowed({ from, to }: Import): boolean {
  const [source, target] = [folderOf(from), folderOf(to)];
  // env.d.ts names the bindings, and so the class behind each.
  return from.endsWith(".d.ts") || source === target || (MAY_IMPORT[source] ?? []).includes(target);
}

function folderOf(file: string): string {
  return dirname(file) === "." ? file.replace(/(\.d)?\.ts$/, "") : dirname(file);
}

/** All of src that runs in a relay, a page or a worker; src/dev is all effects. */
function sourceFiles(): string[] {
  return filesBelow("src").filter((file) => !file.startsWith("src/dev/") && !file.endsWith(".d.ts"));
}

/** What only a file with effects may use: clock, timers, chance, network, log, the platform's objects. */
const EFFECTS =
  /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bcrypto\.|\bset(?:Timeout|Interval)\(|\bqueueMicrotask\(|\bfetch\(|\bnew (?:WebSocket|Response|SharedWorker)\(|\bconsole\.\w+\(|\bdocument\.\w|\blocalStorage\b|\bnavigator\.|\bperformance\.|"cloudflare:|\blogEvent\(|\bsystemRuntime\b|\bglobalThis\b|\blocation\.|\breportError\(/;

function isMarked(file: string): boolean {
  return /^\/\*\*\s(?:\*\s|\s\*\s)?EFFECTS:/.test(read(file));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*.*?\*\//gs, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

function linesOfCode(file: string): number {
  return withoutComments(read(file))
    .split("\n")
    .filter((line) => line.trim() !== "").length;
}

/** The rows of the table: which place of src a rule is for, and what it may import. */
function importRules(): { place: string; mayImport: string[] }[] {
  const rows = rowsOf("docs/architecture.md").filter(([first]) => first?.startsWith("`src/"));
  return rows.map(([first = "", , last = ""]) => ({
    place: (quoted(first)[0] ?? "").replace(/^src\//, "").replace(/\/$|\.ts$/, ""),
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
