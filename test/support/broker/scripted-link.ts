import { UpstreamError } from "../../../src/upstream/jetstream-api.ts";
import type { BrokerConnection, Delivery } from "../../../src/upstream/connection.ts";

/** A connection that writes down what it is asked, answers with `answer`, and hands messages to the last inbox. */
export class ScriptedConnection implements BrokerConnection {
  readonly maxPayloadBytes = 1024;
  readonly requests: { readonly subject: string; readonly body: object | null }[] = [];
  readonly published: { readonly subject: string; readonly body: unknown; readonly reply: string }[] = [];
  answer: (request: { readonly subject: string; readonly body: object | null }) => unknown = () => ({
    delivered: { stream_seq: 10 },
    num_pending: 4,
  });
  isOpen = false;
  #onMessage: (message: Delivery | null) => void = () => {};

  request(subject: string, body: object | null): Promise<unknown> {
    this.requests.push({ subject, body });
    return Promise.resolve().then(() => this.answer({ subject, body }));
  }

  inbox(onMessage: (message: Delivery | null) => void): { subject: string; close(): void } {
    this.isOpen = true;
    this.#onMessage = onMessage;
    return { subject: "inbox", close: () => (this.isOpen = false) };
  }

  publish(subject: string, body: object, reply: string): void {
    this.published.push({ subject, body, reply });
  }

  publishChecked(subject: string, body: object, reply: string): Promise<void> {
    this.publish(subject, body, reply);
    return Promise.reject(new UpstreamError("refused", "forbidden"));
  }

  close(): void {
    this.isOpen = false;
  }

  hand(message: Delivery | null): void {
    this.#onMessage(message);
  }
}
