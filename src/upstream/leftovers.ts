/** Consumers of a room whose deletion nobody confirmed: the broker counts each of them for a minute (U1). */
import type { BrokerConnection } from "./connection.ts";
import { deleteSubject, UpstreamError } from "./jetstream-api.ts";

const DELETE_TIMEOUT_MS = 2_000;

export class Leftovers {
  readonly #stream: string;
  readonly #names = new Set<string>();

  constructor(stream: string) {
    this.#stream = stream;
  }

  add(name: string): void {
    this.#names.add(name);
  }

  /** Deletes them, as far as the broker answers; never rejects. Their places count against `max_consumers`. */
  async delete(connection: BrokerConnection): Promise<void> {
    const deleting = [...this.#names].map(async (name) => {
      const subject = deleteSubject(this.#stream, name);
      const asked = connection.request(subject, null, DELETE_TIMEOUT_MS);
      const failure: unknown = await asked.then(
        () => null,
        (error: unknown) => error,
      );
      if (!(failure instanceof UpstreamError && failure.verdict === "unavailable")) this.#names.delete(name);
    });
    await Promise.all(deleting);
  }
}
