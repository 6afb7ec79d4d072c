import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type * as client from "../../../src/client/index.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

declare global {
  /** What the pages of these tests keep for the tests. */
  interface Window {
    client: typeof client;
    stream: client.EventStream<{ data: { n: number } }>;
  }
}

/** The client as `npm run pack:client` ships it: file name to text. The same flags as there. */
export async function bundleClient(): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/client/index.ts", "src/client/shared/shared-worker.ts"],
    outdir: "dist/client",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return new Map(outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf("/") + 1), text]));
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>A bare page</title>
<script type="module">
  import * as client from "/client/index.js";
  window.client = client;
</script>`;

/** A web server of another origin than the relay's: one bare page, and the client's two files. */
export class ClientPage implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async serve(): Promise<ClientPage> {
    const files = await bundleClient();
    const server = createServer(({ url = "/" }, response) => {
      const text = url === "/" ? PAGE : files.get(url.replace("/client/", ""));
      response.statusCode = text === undefined ? 404 : 200;
      response.setHeader("content-type", url === "/" ? "text/html" : "text/javascript");
      response.end(text);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ClientPage(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}
