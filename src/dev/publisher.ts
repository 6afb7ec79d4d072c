import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { connect, RetentionPolicy, StorageType, type NatsConnection } from "nats.ws";
import { stories, type Draft } from "./stories.ts";

const TICK_MS = 20;
const MAX_PER_TICK = 1_000;
const STREAM_BYTES = 256 * 1024 * 1024;

/** Plays the CellOS supervisor: creates the stream in a broker of our own, and tells stories into it. */
export class Publisher implements AsyncDisposable {
  readonly #connection: NatsConnection;

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  static async connect(url: string): Promise<Publisher> {
    return new Publisher(await connect({ servers: url, name: "demonstration" }));
  }

  async createStream(name: string, subjects: string): Promise<void> {
    const manager = await this.#connection.jetstreamManager();
    await manager.streams.add({
      name,
      subjects: [subjects],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      max_bytes: STREAM_BYTES,
    });
  }

  /** Publishes `rate` events a second until `signal` aborts; rejects when the broker stops taking them. */
  async publish(rate: number, signal: AbortSignal): Promise<void> {
    const jetstream = this.#connection.jetstream();
    const drafts = stories(Date.now());
    let startedMs = performance.now();
    let sent = 0;
    while (!signal.aborted) {
      const due = Math.floor(((performance.now() - startedMs) * rate) / 1_000) - sent;
      const batch = Array.from({ length: Math.min(due, MAX_PER_TICK) }, () => drafts.next().value);
      await Promise.all(batch.map((draft) => jetstream.publish(draft.subject, cloudEvent(draft))));
      sent += batch.length;
      if (due > MAX_PER_TICK) {
        // A machine that slept owes nobody the events of the night.
        startedMs = performance.now();
        sent = 0;
      }
      await delay(TICK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}

/** CloudEvents 1.0, structured mode. */
function cloudEvent({ type, source, data }: Draft): string {
  return JSON.stringify({
    specversion: "1.0",
    id: randomUUID(),
    source,
    type,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    data,
  });
}
