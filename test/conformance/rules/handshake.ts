import { createHash } from "node:crypto";
import { rule, same, that } from "../check.ts";
import type { Context } from "../context.ts";
import { askRaw, headerOf, statusOf } from "../http.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

interface Sent {
  readonly version?: string;
  readonly without?: readonly string[];
  readonly plus?: readonly string[];
  readonly change?: (line: string) => string;
}

/** Sends a handshake of RFC 6455 with something odd about it; returns the head of the answer. */
async function shake(
  context: Context,
  { version = "HTTP/1.1", without = [], plus = [], change = (line) => line }: Sent = {},
): Promise<string> {
  const { pathname, search, host } = new URL(context.eventsUrl({ subject: context.subject() }));
  const headers = [
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${KEY}`,
    "Sec-WebSocket-Version: 13",
    `Authorization: Bearer ${context.target.token}`,
  ].filter((line) => !without.some((name) => line.startsWith(`${name}:`)));
  return askRaw(context.httpUrl, [`GET ${pathname}${search} ${version}`, ...[...headers, ...plus].map(change)]);
}

rule("H1", "the upgrade is that of RFC 6455, whatever the case of its headers", async (context) => {
  const accept = createHash("sha1").update(`${KEY}${GUID}`).digest("base64");
  const lower = (line: string): string => line.replace(/^[^:]+/, (name) => name.toLowerCase());
  const upper = (line: string): string => line.replace(/^[^:]+/, (name) => name.toUpperCase());
  const spellings: readonly [string, Sent][] = [
    ["as usual", {}],
    ["in lower case", { change: lower }],
    ["in upper case", { change: upper }],
    ["with Upgrade: WebSocket", { without: ["Upgrade"], plus: ["Upgrade: WebSocket"] }],
    ["with Connection: keep-alive, Upgrade", { without: ["Connection"], plus: ["Connection: keep-alive, Upgrade"] }],
  ];
  for (const [name, sent] of spellings) {
    const head = await shake(context, sent);
    same(`status ${name}`, statusOf(head), 101);
    same(`Sec-WebSocket-Accept ${name}`, headerOf(head, "Sec-WebSocket-Accept"), accept);
    same(`Sec-WebSocket-Protocol ${name}`, headerOf(head, "Sec-WebSocket-Protocol"), undefined);
  }
});

rule("H1", "subprotocols on two lines are one list", async (context) => {
  if (!context.traits.speaksV2) return;
  const plus = ["Sec-WebSocket-Protocol: cellos.events.v1", "Sec-WebSocket-Protocol: cellos.relay.v2"];
  const head = await shake(context, { plus });
  same("status", statusOf(head), 101);
  same("subprotocol", headerOf(head, "Sec-WebSocket-Protocol"), "cellos.relay.v2");
});

rule("H3", "a handshake that is none is answered and not upgraded", async (context) => {
  const odd: readonly [string, Sent][] = [
    ["without Upgrade", { without: ["Upgrade"] }],
    ["without Sec-WebSocket-Key", { without: ["Sec-WebSocket-Key"] }],
    ["with Sec-WebSocket-Version: 8", { without: ["Sec-WebSocket-Version"], plus: ["Sec-WebSocket-Version: 8"] }],
    ["with Upgrade: h2c", { without: ["Upgrade"], plus: ["Upgrade: h2c"] }],
    ["with another's token beside it", { plus: ["Authorization: Bearer wrong"] }],
  ];
  for (const [name, sent] of odd) {
    const status = statusOf(await shake(context, sent));
    that(status >= 400 && status < 500, `status ${name}`, "4xx", status);
  }
  // RFC 6455 wants HTTP/1.1, but what a Worker sees has no version: this is between the client and the platform.
  const old = statusOf(await shake(context, { version: "HTTP/1.0" }));
  that(old === 101 || (old >= 400 && old < 506), "status over HTTP/1.0", "an answer", old);
  same("GET /healthz afterwards", (await context.askAnonymously("/healthz")).status, 200);
});
