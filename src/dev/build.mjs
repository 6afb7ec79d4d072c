// Builds what the relay serves: the console, and beside it the client, so that a page can import it from the relay
// (src/console → dist/console, src/client → dist/console/client). Plain JavaScript, because wrangler's `[build] command` runs it with
// whatever `node` is first in the PATH, which may be one that does not strip types.
import { build } from "esbuild";
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../console", import.meta.url));
const client = fileURLToPath(new URL("../client", import.meta.url));
const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const target = join(dist, "console");
const NOT_STATIC = new Set([".ts", ".json", ".md"]);

// Two builds may run at once, and a relay may be serving: each file is made aside and moved over the old one whole.
await mkdir(join(target, "client"), { recursive: true });
const aside = await mkdtemp(join(dist, "building-"));
try {
  await build({
    entryPoints: {
      main: join(source, "main.ts"),
      "client/index": join(client, "index.ts"),
      "client/shared-worker": join(client, "shared/shared-worker.ts"),
    },
    outdir: aside,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    logLevel: "warning",
  });
  const entries = (await readdir(source, { withFileTypes: true })).filter((entry) => entry.isFile());
  for (const { name } of entries.filter((entry) => !NOT_STATIC.has(extname(entry.name))))
    await copyFile(join(source, name), join(aside, name));
  const made = await readdir(aside, { recursive: true, withFileTypes: true });
  for (const file of made.filter((entry) => entry.isFile())) {
    const from = join(file.parentPath, file.name);
    await rename(from, join(target, relative(aside, from)));
  }
} finally {
  await rm(aside, { recursive: true, force: true });
}
