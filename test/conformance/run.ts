import { parseArgs } from "node:util";
import { Broker } from "./broker.ts";
import { allChecks, type Check } from "./check.ts";
import { probe } from "./context.ts";
import { anyFailed, formatResult, formatSummary, type Result } from "./report.ts";
import { runChecks } from "./runner.ts";
import "./rules/index.ts";

const USAGE = `Usage: npm run conformance -- <ws url> --token T --nats URL [option…]

Runs the rules of docs/spec.md against the relay at <ws url> (ws://host:port). It publishes to the stream behind it, below
cellos.events.conformance-<random>, and changes and removes nothing.

  --token T       bearer token that may read cellos.events.>
  --nats URL      WebSocket URL of the broker behind the relay
  --stream NAME   the stream (default: CELLOS_EVENTS)
  --monitor URL   monitoring endpoint of the broker (http://host:8222), for what only that shows
  --only W,H3     sections or rules to check (default: all)
  --patience S    the longest wait for something rare, in seconds (default: 70)
  --list          print what would be checked, and stop
  --help          this text`;

const DEFAULT_PATIENCE_SECONDS = 70;
const MS = 1000;

/** The program: prints the report line by line and returns the exit code. */
export async function main(args: readonly string[], print: (line: string) => void): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      token: { type: "string" },
      nats: { type: "string" },
      stream: { type: "string", default: "CELLOS_EVENTS" },
      monitor: { type: "string" },
      only: { type: "string", default: "" },
      patience: { type: "string", default: String(DEFAULT_PATIENCE_SECONDS) },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const checks = selected(values.only);
  if (values.list) {
    for (const { id, sentence } of checks) print(`${id.padEnd(4)}${sentence}`);
    return 0;
  }
  const [url] = positionals;
  if (positionals.length !== 1 || url === undefined || values.token === undefined || values.nats === undefined) {
    throw new Error(`The relay's URL, --token and --nats are needed.\n\n${USAGE}`);
  }
  const patienceMs = Number(values.patience) * MS;
  if (!(patienceMs > 0)) throw new Error("--patience must be a number of seconds.");
  await using broker = await reached(
    `stream ${values.stream} at ${values.nats}`,
    Broker.connect(values.nats, values.stream),
  );
  const wsUrl = url.replace(/^http/, "ws").replace(/\/+$/, "");
  const target = { wsUrl, token: values.token, broker, patienceMs, monitorUrl: values.monitor };
  const traits = await reached(`relay at ${wsUrl}`, probe(target));
  const results: Result[] = await runChecks(checks, target, traits, (result) => print(formatResult(result)));
  print(formatSummary(results));
  return anyFailed(results) ? 1 : 0;
}

async function reached<T>(what: string, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    const { message, code } = Object(error) as { message?: string; code?: string };
    throw new Error(`The ${what} cannot be used: ${message || code || "no answer"}`, { cause: error });
  }
}

/** Checks of the wanted sections (`W`) and rules (`W3`). */
function selected(only: string): readonly Check[] {
  const wanted = only.split(",").filter((entry) => entry !== "");
  const found = allChecks().filter(
    ({ id }) => wanted.length === 0 || wanted.some((entry) => entry === id || entry === id.charAt(0)),
  );
  if (found.length === 0) throw new Error(`--only ${only} names no rule.`);
  return found;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2), console.log);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
