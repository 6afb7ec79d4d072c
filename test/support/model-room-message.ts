/** A NATS message as the library hands it over, for the model's broker. */
import { headers } from "nats.ws";
import type { Delivery } from "../../src/upstream/link.ts";

export class ModelMessage implements Delivery {
  readonly subject: string;
  readonly sid = 1;
  readonly reply: string;
  readonly data: Uint8Array;
  readonly headers?: NonNullable<Delivery["headers"]>;

  private constructor(subject: string, reply: string, text: string, given?: NonNullable<Delivery["headers"]>) {
    this.subject = subject;
    this.reply = reply;
    this.data = new TextEncoder().encode(text);
    if (given !== undefined) this.headers = given;
  }

  static event(
    at: { readonly seq: number; readonly dseq: number; readonly pending: number },
    text: string,
    given?: NonNullable<Delivery["headers"]>,
  ): ModelMessage {
    return new ModelMessage("s", `$JS.ACK.S.C.1.${at.seq}.${at.dseq}.0.${at.pending}`, text, given);
  }

  static status(code: number, description: string, counts: Readonly<Record<string, number>> = {}): ModelMessage {
    const given = headers(code, description);
    for (const [name, value] of Object.entries(counts)) given.set(name, String(value));
    return new ModelMessage("inbox", "", "", given);
  }

  respond(): boolean {
    return false;
  }

  json(): never {
    throw new Error("the relay reads bytes");
  }

  string(): string {
    return new TextDecoder().decode(this.data);
  }
}
