import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
/** The pinned runtime's package, which has no types. */
const { compatibilityDate } = createRequire(import.meta.url)("workerd") as { readonly compatibilityDate: string };

let dir: string;
let upload: FormData;
let metadata: Readonly<Record<string, unknown>>;

/** What `wrangler deploy` would send to the platform. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cellos-relay-deploy-"));
  upload = await uploadOf();
  metadata = JSON.parse(await part("metadata")) as Record<string, unknown>;
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function uploadOf(...more: readonly string[]): Promise<FormData> {
  const file = join(dir, "upload");
  const args = ["deploy", "--dry-run", "--outdir", join(dir, "out"), "--outfile", file, ...more];
  await run(join(ROOT, "node_modules/.bin/wrangler"), args, { cwd: ROOT });
  const body = await readFile(file);
  const boundary = body.toString("latin1", 2, body.indexOf("\r\n"));
  const headers = { "content-type": `multipart/form-data; boundary=${boundary}` };
  return new Response(body, { headers }).formData();
}

function part(name: string): Promise<string> {
  return textOf(upload.get(name));
}

async function textOf(value: FormDataEntryValue | null): Promise<string> {
  return value instanceof Blob ? value.text() : (value ?? "");
}

describe("a deployment", () => {
  test("keeps the variables and the secrets of the one before it", () => {
    expect(metadata["keep_bindings"]).toEqual(
      expect.arrayContaining(["plain_text", "json", "secret_text", "secret_key"]),
    );
  });

  test("[A9] has rate limits in its environment alone", async () => {
    const names = (bindings: unknown): unknown[] =>
      (bindings as readonly { readonly type: string; readonly name: string }[])
        .filter(({ type }) => type === "ratelimit")
        .map(({ name }) => name);
    expect(names(metadata["bindings"])).toEqual([]);
    const production = await uploadOf("--env", "production");
    const { bindings } = JSON.parse(await textOf(production.get("metadata"))) as { readonly bindings: unknown };
    expect(names(bindings)).toEqual(["AUTH_LIMITER", "REQUEST_LIMITER"]);
    // An environment inherits no binding: what was forgotten there would be missing in production alone.
    const others = (all: unknown): string[] =>
      (all as readonly { readonly type: string; readonly name: string }[])
        .filter(({ type }) => type !== "ratelimit")
        .map(({ type, name }) => `${type} ${name}`)
        .toSorted();
    expect(others(bindings)).toEqual(others(metadata["bindings"]));
  });

  test("[A6] has its log on, without a line for every request", () => {
    expect(metadata["observability"]).toEqual({ enabled: true, logs: { enabled: true, invocation_logs: false } });
  });

  test("has the sources' names for its stack traces", async () => {
    const { sources } = JSON.parse(await part("worker.js.map")) as { readonly sources: string[] };
    expect(sources.some((source) => source.endsWith("src/edge/app.ts"))).toBe(true);
  });

  test("has the newest compatibility date that the pinned runtime knows", () => {
    expect(metadata["compatibility_date"]).toBe(compatibilityDate);
  });
});
