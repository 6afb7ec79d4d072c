/** A NATS message as the connection hands it over, for the model's broker. */
import type { Delivery } from "../../../src/upstream/connection.ts";
import { statusBlock } from "../wire/header-block.ts";

const NOTHING = new Uint8Array();

export class ModelMessage implements Delivery {
  readonly subject: string;
  readonly reply: string;
  readonly payload: Uint8Array;
  readonly headers: Uint8Array | null;

  private constructor(subject: string, reply: string, payload: Uint8Array, headers: Uint8Array | null) {
    this.subject = subject;
    this.reply = reply;
    this.payload = payload;
    this.headers = headers;
  }

  static event(
    at: { readonly seq: number; readonly dseq: number; readonly pending: number },
    text: string,
    headers: Uint8Array | null = null,
  ): ModelMessage {
    const reply = `$JS.ACK.S.C.1.${at.seq}.${at.dseq}.${at.seq}.${at.pending}`;
    return new ModelMessage("s", reply, new TextEncoder().encode(text), headers);
  }

  static status(code: number, description: string, counts: Readonly<Record<string, unknown>> = {}): ModelMessage {
    return new ModelMessage("inbox", "", NOTHING, statusBlock(code, description, counts));
  }
}
