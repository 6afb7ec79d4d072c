import { UpstreamError } from "../../../src/upstream/jetstream-api.ts";
import type { BrokerConnection, Delivery } from "../../../src/upstream/connection.ts";

/** A connection that writes down what it is asked, answers with `answer`, and hands messages to an inbox: its last, unless told. */
export class ScriptedConnection implements BrokerConnection {
  readonly maxPayloadBytes: number = 1024;
  receivedBytes = 0;
  readonly requests: { readonly subject: string; readonly body: object | null }[] = [];
  readonly published: { readonly subject: string; readonly body: unknown; readonly reply: string }[] = [];
  answer: (request: { readonly subject: string; readonly body: object | null }) => unknown = () => ({
    delivered: { stream_seq: 10 },
    num_pending: 4,
  });
  /** Numbers of the inboxes that are open, from 1 on in the order in which they were made. */
  readonly inboxes = new Map<number, (message: Delivery | null) => void>();
  #made = 0;

  request(subject: string, body: object | null): Promise<unknown> {
    this.requests.push({ subject, body });
    return Promise.resolve().then(() => this.answer({ subject, body }));
  }

  inbox(onMessage: (message: Delivery | null) => void): { subject: string; close(): void } {
    const number = ++this.#made;
    this.inboxes.set(number, onMessage);
    return { subject: `inbox ${number}`, close: () => void this.inboxes.delete(number) };
  }

  publish(subject: string, body: object, reply: string): void {
    this.published.push({ subject, body, reply });
  }

  publishChecked(subject: string, body: object, reply: string): Promise<void> {
    this.publish(subject, body, reply);
    return Promise.reject(new UpstreamError("permission", "forbidden"));
  }

  close(): void {
    this.inboxes.clear();
  }

  /** Nothing happens where the inbox was closed. */
  hand(message: Delivery | null, inbox = this.#made): void {
    this.inboxes.get(inbox)?.(message);
  }
}
