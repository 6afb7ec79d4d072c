/** `npm start`: broker, relay and a trickle of events on this machine, until Ctrl-C. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { SETTINGS } from "../config/config.ts";
import type { Child } from "./child.ts";
import { readFlags, USAGE, type Flags } from "./flags.ts";
import { NatsServer } from "./nats-server.ts";
import { Publisher } from "./publisher.ts";
import { RelayProcess } from "./relay-process.ts";

const STREAM = "CELLOS_EVENTS";
const SUBJECTS = "cellos.events.>";
const INTERRUPTED = new Error("interrupted");

/** Aborted by the first signal or the first failure; a second Ctrl-C changes nothing and cuts no tidying short. */
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop.abort(INTERRUPTED));

try {
  const flags = readFlags(process.argv.slice(2));
  if (flags.help) console.log(USAGE);
  else await run(flags);
} catch (error) {
  if (stop.signal.reason !== INTERRUPTED) {
    console.error(`cellos-relay: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

/** Ends by throwing what stopped it, and leaves nothing running. */
async function run(flags: Flags): Promise<never> {
  await using parts = new AsyncDisposableStack();
  const { signal } = stop;

  let broker = flags.nats;
  if (broker === undefined) {
    const server = parts.use(await NatsServer.start());
    if (server.child) watch(server.child);
    const publisher = parts.use(await Publisher.connect(server.url));
    await publisher.createStream(STREAM, SUBJECTS);
    if (flags.rate > 0) publisher.publish(flags.rate, signal).catch((error: unknown) => stop.abort(error));
    broker = server.url;
    say("broker", `${server.clientUrl}  ${server.url}`);
  }

  const token = flags.token ?? randomBytes(16).toString("hex");
  const vars = { ...settings(flags.nats !== undefined), NATS_URL: broker, RELAY_API_TOKEN: token };
  const relay = parts.use(await RelayProcess.start({ vars, port: flags.port, signal }));
  watch(relay.child);

  say("page", `${relay.url}/`);
  say("token", token);
  // setup.sh has put a Node there where the system's own is too old.
  const node = existsSync("node_modules/.bin/node") ? "node_modules/.bin/node" : "node";
  say("listen", `${node} src/dev/listen.ts ${relay.url.replace("http", "ws")}/ws/events ${token}`);
  console.log("\nCtrl-C stops everything.");
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

function say(name: string, value: string): void {
  console.log(`${name.padEnd(8)}${value}`);
}

/** Settings in the environment; those of a broker only for a broker of the user's own. */
function settings(withBroker: boolean): Record<string, string> {
  const names = SETTINGS.map(({ name }) => name).filter((name) => withBroker || !name.startsWith("NATS_"));
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function watch(child: Child): void {
  void child.ended.then((how) => stop.abort(child.failure(`${how}, which it should not have`)));
}
