/** What `npm test` runs, part after part; at its end it says what ran, and how long each part took. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Counts {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
}

interface Result {
  readonly name: string;
  readonly ms: number;
  readonly ok: boolean;
  /** Null for a part that has no tests. */
  readonly counts: Counts | null;
}

/** The names of scripts in package.json. After one that fails, nothing else is worth its time. */
const CHECKS = ["lint", "format:check", "typecheck", "build"];
/** Projects of vitest.config.ts. One that fails does not keep the others from running. */
const PROJECTS = ["unit", "worker", "e2e"];

const folder = await mkdtemp(join(tmpdir(), "cellos-relay-results-"));

async function run(name: string, command: string, args: readonly string[], file?: string): Promise<Result> {
  const startedMs = performance.now();
  const child = spawn(command, args, { stdio: "inherit" });
  const stop = (): void => void child.kill("SIGTERM");
  process.once("SIGTERM", stop);
  const [code] = (await once(child, "exit")) as [number | null];
  process.off("SIGTERM", stop);
  const counts = file === undefined ? null : await countsIn(file);
  return { name, ms: performance.now() - startedMs, ok: code === 0, counts };
}

function test(project: string): Promise<Result> {
  const file = join(folder, `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile=${file}`];
  return run(project, "vitest", ["run", "--project", project, ...reporters], file);
}

/** None when the run broke off. */
async function countsIn(file: string): Promise<Counts> {
  const text = await readFile(file, "utf8").catch(() => '{"numPassedTests":0,"numFailedTests":0}');
  return JSON.parse(text) as Counts;
}

function line({ name, ms, ok, counts }: Result): string {
  const tests = counts === null ? "" : `${counts.numPassedTests} passed, ${counts.numFailedTests} failed`;
  return `${name.padEnd(14)}${(ms / 1_000).toFixed(1).padStart(7)} s  ${tests}${ok ? "" : "  FAILED"}`.trimEnd();
}

const results: Result[] = [];
for (const check of CHECKS) {
  if (results.every(({ ok }) => ok)) results.push(await run(check, "npm", ["run", "--silent", check]));
}
if (results.every(({ ok }) => ok)) {
  for (const project of PROJECTS) results.push(await test(project));
}
const sum = (of: (result: Result) => number): number => results.reduce((total, result) => total + of(result), 0);
const total: Result = {
  name: "all",
  ms: sum(({ ms }) => ms),
  ok: results.every(({ ok }) => ok),
  counts: {
    numPassedTests: sum(({ counts }) => counts?.numPassedTests ?? 0),
    numFailedTests: sum(({ counts }) => counts?.numFailedTests ?? 0),
  },
};
const left = [...CHECKS, ...PROJECTS].filter((name) => !results.some((result) => result.name === name));
console.log(["", ...results.map(line), line(total)].join("\n"));
if (left.length > 0) console.log(`not run: ${left.join(", ")}`);
// For .ci/run.
const { VITEST_RESULTS: file } = process.env;
if (file !== undefined) await writeFile(file, JSON.stringify(total.counts));
await rm(folder, { recursive: true });
process.exitCode = total.ok ? 0 : 1;
