// Builds the console: src/console → dist/console. Plain JavaScript, because wrangler's `[build] command` runs it with
// whatever `node` is first in the PATH, which may be one that does not strip types.
import { build } from "esbuild";
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../console", import.meta.url));
const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const target = join(dist, "console");
const NOT_STATIC = new Set([".ts", ".json", ".md"]);

// Two builds may run at once, and a relay may be serving: each file is made aside and moved over the old one whole.
await mkdir(target, { recursive: true });
const aside = await mkdtemp(join(dist, "building-"));
try {
  await build({
    entryPoints: [join(source, "main.ts")],
    outdir: aside,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    logLevel: "warning",
  });
  const statics = (await readdir(source)).filter((name) => !NOT_STATIC.has(extname(name)));
  for (const name of statics) await copyFile(join(source, name), join(aside, name));
  for (const name of await readdir(aside)) await rename(join(aside, name), join(target, name));
} finally {
  await rm(aside, { recursive: true, force: true });
}
