/** Prints the events of a relay, one a line: node src/dev/listen.ts ws://127.0.0.1:8787/ws/events TOKEN [--since N] [--subject S] */
import { parseArgs } from "node:util";
import { BEARER_PREFIX, V1 } from "../protocol/subprotocol.ts";

const HEARTBEAT = "io.cellos.relay.v1.heartbeat";
/** A v1 client that is silent is cut after a mebibyte that it has not proven to have read. */
const PING_EVERY_CHARS = 128 * 1024;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { since: { type: "string" }, subject: { type: "string" } },
});
const [address, token] = positionals;
if (address === undefined || token === undefined) {
  console.error("Usage: node src/dev/listen.ts ws://HOST/ws/events TOKEN [--since N] [--subject S]");
  process.exit(1);
}
const url = new URL(address);
for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);

// Written like a browser's client, because that is all it takes: no header, the token as a subprotocol.
const socket = new WebSocket(url, [V1, BEARER_PREFIX + Buffer.from(token).toString("base64url")]);
let unprovenChars = 0;
let opened = false;

socket.addEventListener("open", () => {
  opened = true;
});
socket.addEventListener("message", ({ data }) => {
  const text = String(data);
  if (text !== "pong" && !isHeartbeat(text)) console.log(text);
  unprovenChars += text.length;
  if (unprovenChars < PING_EVERY_CHARS) return;
  unprovenChars = 0;
  socket.send("ping");
});
socket.addEventListener("close", ({ code, reason }) => void explain(code, reason));
// `… | head` closes our output: that is an end, not a failure.
process.stdout.on("error", () => process.exit(0));
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => process.exit(0));

function isHeartbeat(text: string): boolean {
  return text.includes(HEARTBEAT) && (JSON.parse(text) as { event?: { type?: string } }).event?.type === HEARTBEAT;
}

/** A refused upgrade tells a WebSocket nothing; the same request without the upgrade says why. */
async function explain(code: number, reason: string): Promise<void> {
  process.exitCode = 1;
  if (opened) return console.error(`closed: ${code} ${reason}`);
  const plain = new URL(url);
  plain.protocol = url.protocol.replace("ws", "http");
  try {
    const answer = await fetch(plain, { headers: { authorization: `Bearer ${token}` } });
    const { title, detail } = (await answer.json()) as { title?: string; detail?: string };
    console.error(answer.status === 426 ? "refused: try again" : `refused: ${answer.status} ${title}. ${detail}`);
  } catch {
    console.error(`no answer from ${plain.origin}`);
  }
}
