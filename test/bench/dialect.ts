/** What a counting client says, byte by byte. Frames of a client are masked; a key of zeros leaves them readable. */
import { V1, V2 } from "../../src/protocol/subprotocol.ts";
import { STREAM } from "../support/broker/rig-control.ts";
import type { Dial } from "./swarm-messages.ts";

const TEXT = 0x81;
const BINARY = 0x82;
const MASK = 0x80;
/** The least a broker allows is enough: what one run leaves behind must not burden the next. */
const INACTIVE_NANOS = 1_000_000_000;

export const PING = masked(TEXT, "ping");
export const NATS_PONG = masked(BINARY, "PONG\r\n");
/** Length of the text frame `pong`; no event is that short. */
export const PONG_BYTES = 4;

const SUBPROTOCOLS = { v1: V1, v2: V2 };

export function isNats({ dialect }: Dial): boolean {
  return dialect === "nats" || dialect === "push";
}

/** A library says it, and not we. */
export function isLibrary({ dialect }: Dial): boolean {
  return dialect === "sdk" || dialect === "nats.ws";
}

/** The upgrade request; offers no compression. */
export function upgrade(dial: Dial): string {
  const query = new URLSearchParams({ subject: dial.subject });
  if (dial.since !== undefined) query.set("since", String(dial.since));
  if (dial.meta === true) query.set("meta", "1");
  const lines = [
    `GET ${isNats(dial) ? "/" : `${dial.path}?${query.toString()}`} HTTP/1.1`,
    `Host: 127.0.0.1:${dial.port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
  if (dial.token !== undefined) lines.push(`Authorization: Bearer ${dial.token}`);
  if (dial.dialect === "v1" || dial.dialect === "v2") {
    lines.push(`Sec-WebSocket-Protocol: ${SUBPROTOCOLS[dial.dialect]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** The first words of a NATS client; the broker's PONG says that the subscription stands. */
export function natsHello(dial: Dial, inbox: string): Buffer {
  const options = JSON.stringify({ verbose: false, pedantic: false, lang: "bench", version: "1", protocol: 1 });
  const subject = dial.dialect === "push" ? inbox : dial.subject;
  return masked(BINARY, `CONNECT ${options}\r\nSUB ${subject} 1\r\nPING\r\n`);
}

/** Asks JetStream for a consumer that pushes to `inbox`: what a client without a relay does to resume. */
export function natsConsumer(dial: Dial, inbox: string): Buffer {
  const start =
    dial.since === undefined
      ? { deliver_policy: "new" }
      : { deliver_policy: "by_start_sequence", opt_start_seq: dial.since + 1 };
  const config = {
    ...start,
    deliver_subject: inbox,
    inactive_threshold: INACTIVE_NANOS,
    filter_subject: dial.subject,
    ack_policy: "none",
    max_deliver: 1,
    mem_storage: true,
    num_replicas: 1,
  };
  const body = JSON.stringify({ stream_name: STREAM, config });
  return masked(BINARY, `PUB $JS.API.CONSUMER.CREATE.${STREAM} ${inbox}.created ${body.length}\r\n${body}\r\n`);
}

/** A small frame of ASCII text. */
export function masked(opcode: number, text: string): Buffer {
  const long = text.length > 125;
  const header = long
    ? [opcode, MASK | 126, text.length >>> 8, text.length & 0xff, 0, 0, 0, 0]
    : [opcode, MASK | text.length, 0, 0, 0, 0];
  return Buffer.concat([Buffer.from(header), Buffer.from(text, "latin1")]);
}
