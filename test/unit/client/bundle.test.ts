import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import manifest from "../../../src/client/package.json" with { type: "json" };
import { bundleClient } from "../../support/browser/client-page.ts";

const KIB = 1024;
let files: Map<string, string>;

beforeAll(async () => {
  files = await bundleClient();
});

const textOf = (name: string): string => files.get(name) ?? "";
const gzippedBytes = (name: string): number => gzipSync(textOf(name), { level: 9 }).length;

describe("what a page downloads", () => {
  test("is less than 7 kB gzipped; the shared worker, on demand, less than 4 KiB", () => {
    expect([...files.keys()].toSorted()).toEqual(["index.js", "shared-worker.js"]);
    expect(gzippedBytes("index.js")).toBeLessThan(7_000);
    expect(gzippedBytes("shared-worker.js")).toBeLessThan(4 * KIB);
  });

  test("imports nothing, and carries none of the server's parts", () => {
    for (const text of files.values()) {
      expect(text).not.toMatch(/\bimport\s*[{*"'(]|\brequire\(|\bfrom\s*"/);
      expect(text).not.toMatch(/ZodError|\$ZodType|nats|INFO \{|CONSUMER\.CREATE|Hono/i);
    }
  });

  test("finds its worker by the expression that bundlers look for", () => {
    expect(textOf("index.js")).toContain('new SharedWorker(new URL("./shared-worker.js",import.meta.url))');
  });

  test("the worker is a script, so that every browser can run it", () => {
    expect(textOf("shared-worker.js")).not.toMatch(/\bexport\b|import\.meta/);
  });
});

test("who installs the package installs nothing else", () => {
  expect(manifest).not.toHaveProperty("dependencies");
  expect(manifest).not.toHaveProperty("peerDependencies");
});
