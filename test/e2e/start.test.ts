import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Child } from "../../src/dev/child.ts";
import { freePort } from "../../src/dev/free-port.ts";
import { dial } from "../support/wire/dial.ts";
import { processTree, survivors } from "../support/process-tree.ts";

const READY = "Ctrl-C stops everything.";
const READY_TIMEOUT_MS = 40_000;

const after: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const tidy of after.splice(0)) await tidy();
});

/** `npm start` with a directory for temporary files of its own, so that a test sees what it leaves. */
async function npmStart(...flags: string[]): Promise<{ child: Child; pid: number; temporary: string }> {
  const temporary = await mkdtemp(join(tmpdir(), "cellos-relay-test-"));
  const env = { ...process.env, TMPDIR: temporary, NODE_DISABLE_COMPILE_CACHE: "1" };
  const child = new Child("npm start", "npm", ["start", "--", ...flags], { env, orphanSignal: "KILL" });
  after.push(async () => {
    await child.stop();
    await rm(temporary, { recursive: true, force: true });
  });
  if (child.pid === undefined) throw child.failure(await child.ended);
  return { child, pid: child.pid, temporary };
}

/** The value that `npm start` printed behind a name. */
function told(child: Child, name: string): string {
  return new RegExp(`^${name} +(.+)$`, "m").exec(child.tail())?.[1] ?? "";
}

test("npm start serves the page and events, and Ctrl-C leaves nothing behind", async () => {
  const port = await freePort();
  const { child, pid, temporary } = await npmStart("--port", String(port), "--rate", "50");
  await child.waitFor(READY, READY_TIMEOUT_MS);

  const page = told(child, "page");
  expect(page).toBe(`http://127.0.0.1:${port}/`);
  expect((await fetch(`${page}healthz`)).status).toBe(200);
  const html = await fetch(page);
  expect(html.headers.get("content-type")).toMatch("text/html");
  expect((await fetch(`${page}main.js`)).status).toBe(200);

  const { socket } = await dial(`ws://127.0.0.1:${port}/ws/events`, { token: told(child, "token") });
  for (const { event } of await socket.events(3)) {
    expect(event).toMatchObject({ specversion: "1.0", source: expect.stringMatching(/^\/tenants\//) });
  }

  const tree = processTree(pid);
  expect([...tree.values()].join("\n")).toMatch(/nats-server[^]*workerd/);
  // The terminal sends Ctrl-C to the whole foreground group: npm, and the program that its shell became.
  process.kill(-pid, "SIGINT");
  expect(await child.ended).toBe("ended with code 0");
  expect(survivors(tree)).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
});

test("npm start stops everything when interrupted half-way", async () => {
  const { child, pid, temporary } = await npmStart();
  await child.waitFor("broker ", READY_TIMEOUT_MS);
  const tree = processTree(pid);
  process.kill(-pid, "SIGINT");
  expect(await child.ended).toBe("ended with code 0");
  expect(survivors(tree)).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
});

test("npm start says which part died, stops the others and fails", async () => {
  const { child, pid, temporary } = await npmStart();
  await child.waitFor(READY, READY_TIMEOUT_MS);
  const tree = processTree(pid);
  const broker = [...tree].find(([, command]) => command.includes("nats-server -c"));
  process.kill(Number(broker?.[0]), "SIGKILL");
  expect(await child.ended).toBe("ended with code 1");
  expect(child.tail(100)).toMatch("nats-server ended by SIGKILL, which it should not have.");
  expect(survivors(tree)).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
});

test("npm start refuses a flag it does not know, in one sentence", async () => {
  const { child } = await npmStart("--prot", "8787");
  expect(await child.ended).toBe("ended with code 1");
  expect(child.tail()).toMatch(/cellos-relay: Unknown option '--prot'/);
});
