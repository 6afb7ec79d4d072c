import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Rig } from "./rig.ts";
import type { RigControl, RigOptions } from "./rig-control.ts";

type Method = Exclude<keyof RigControl, "url">;

const METHODS: Readonly<Record<Method, true>> = {
  act: true,
  createStream: true,
  deleteStream: true,
  purge: true,
  deleteMessage: true,
  streamState: true,
  publish: true,
  publishMany: true,
  consumers: true,
  connections: true,
  apiCalls: true,
};

/**
 * Lends rigs to tests that run inside workerd, where no process can be started:
 * `POST /new`, `POST /<rig>/<method>` with the arguments as a JSON array, `DELETE /<rig>`.
 */
export class ControlServer {
  readonly url: string;
  readonly #server: Server;
  readonly #rigs = new Map<string, Rig>();
  #made = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request: IncomingMessage, response) => {
      void this.#answer(request).then(
        (value) => response.end(JSON.stringify(value ?? null)),
        (error: unknown) => {
          response.statusCode = 500;
          response.end(error instanceof Error ? error.message : String(error));
        },
      );
    });
  }

  static async start(): Promise<ControlServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ControlServer(server);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await Promise.all([...this.#rigs.values()].map((rig) => rig.stop()));
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const [, id = "", method = ""] = (request.url ?? "/").split("/");
    const body = await text(request);
    if (id === "new") return this.#lend(JSON.parse(body) as RigOptions);
    const rig = this.#rigs.get(id);
    if (rig === undefined) throw new Error(`There is no rig ${id}.`);
    if (request.method === "DELETE") {
      this.#rigs.delete(id);
      return rig.stop();
    }
    if (!isMethod(method)) throw new Error(`A rig has no ${method}.`);
    const call = rig[method] as (...args: unknown[]) => Promise<unknown>;
    // JSON has no undefined: an argument left out arrives as null, and must be left out again.
    const args = (JSON.parse(body) as unknown[]).map((argument) => argument ?? undefined);
    return call.apply(rig, args);
  }

  async #lend(options: RigOptions): Promise<{ id: string; url: string }> {
    const rig = await Rig.start(options);
    this.#made += 1;
    const id = `rig-${this.#made}`;
    this.#rigs.set(id, rig);
    return { id, url: rig.url };
  }
}

function isMethod(name: string): name is Method {
  return Object.hasOwn(METHODS, name);
}
