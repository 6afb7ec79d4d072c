// Builds the console: src/console → dist/console. Plain JavaScript, because wrangler's `[build] command` runs it with
// whatever `node` is first in the PATH, which may be one that does not strip types.
import { build } from "esbuild";
import { cp, mkdir } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../console", import.meta.url));
const target = fileURLToPath(new URL("../../dist/console", import.meta.url));
const NOT_STATIC = new Set([".ts", ".json", ".md"]);

await mkdir(target, { recursive: true });
await build({
  entryPoints: [`${source}/main.ts`],
  outdir: target,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  logLevel: "warning",
});
await cp(source, target, { recursive: true, filter: (path) => !NOT_STATIC.has(extname(path)) });
