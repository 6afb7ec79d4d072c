/**
 * EFFECTS: the bytes of a message and the errors of the wire, past the NATS library: it keeps both to itself, in fields that
 * are private by name only. Version 1.30.3 is its last, and is pinned.
 */
import type { Msg, NatsConnection } from "nats.ws";
import type { Delivery } from "./connection.ts";

interface RawMsg {
  readonly _msg: { readonly hdr: number };
  readonly _rdata?: Uint8Array;
}
interface RawConnection {
  readonly protocol?: { readonly parser?: { parse(bytes: Uint8Array): void } };
}

/** The library's `headers` would throw at some blocks, and take seconds for others. */
export function toDelivery(message: Msg): Delivery {
  const { _msg: head, _rdata: bytes } = message as unknown as RawMsg;
  const headers = head.hdr > 0 && bytes !== undefined ? bytes.subarray(0, head.hdr) : null;
  return { subject: message.subject, reply: message.reply ?? "", headers, payload: message.data };
}

/**
 * `onBytes` is told how many bytes came, before what they say is handled. At bytes that it cannot parse the library prints
 * them, payloads included, stops reading, and leaves the connection open until its pings are missed: `onWireError`.
 */
export function watchWire(nc: NatsConnection, onBytes: (count: number) => void, onWireError: () => void): void {
  const parser = (nc as unknown as RawConnection).protocol?.parser;
  if (parser === undefined) return;
  const parse = parser.parse.bind(parser);
  let isBroken = false;
  parser.parse = (bytes) => {
    if (isBroken) return;
    onBytes(bytes.byteLength);
    try {
      parse(bytes);
    } catch {
      isBroken = true;
      onWireError();
    }
  };
}
