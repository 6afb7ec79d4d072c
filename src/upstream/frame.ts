/** What comes to the inbox of a pull, as frames that `pull.ts` understands. Pure. */
import type { Delivery } from "./connection.ts";
import { countOf, statusOf } from "./headers.ts";
import { parseAck, type PullFrame } from "./pull.ts";

/** Null when it is neither a message of a consumer nor a status. */
export function frameOf({ reply, headers }: Delivery): PullFrame | null {
  const ack = parseAck(reply);
  if (ack !== null) return { kind: "message", ...ack };
  const status = headers === null ? null : statusOf(headers);
  if (headers === null || status === null || status.code === 0) return null;
  return {
    kind: "status",
    ...status,
    lastConsumer: countOf(headers, "Nats-Last-Consumer"),
    lastStream: countOf(headers, "Nats-Last-Stream"),
  };
}

/** What the broker counts against the bytes of a pull, or hardly less: a subject may have letters of several bytes. */
export function sizeOf({ subject, reply, headers, payload }: Delivery): number {
  return subject.length + reply.length + (headers?.byteLength ?? 0) + payload.byteLength;
}
