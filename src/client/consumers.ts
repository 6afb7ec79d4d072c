/** Who is given the events: handlers and loops. Every one of them is waited for before the next event. */
import type { Handler, StreamItem } from "./options.ts";

export class Consumers<Event> {
  readonly #handlers = new Set<Handler<Event>>();
  readonly #onEnd = new Set<() => void>();
  #first: Promise<void>;
  #hasFirst = (): void => {};
  #end: { readonly error: Error | null } | null = null;

  constructor() {
    this.#first = new Promise((resolve) => (this.#hasFirst = resolve));
  }

  /** While there is nobody: resolves when that changes. What nobody reads is kept, and the relay sees a slow reader. */
  get vacancy(): Promise<void> | null {
    return this.#handlers.size > 0 ? null : this.#first;
  }

  subscribe(handler: Handler<Event>): () => void {
    // A function of its own, so that one handler may be subscribed twice.
    const own: Handler<Event> = (item) => handler(item);
    this.#handlers.add(own);
    this.#hasFirst();
    return () => {
      if (!this.#handlers.delete(own) || this.#handlers.size > 0) return;
      this.#first = new Promise((resolve) => (this.#hasFirst = resolve));
    };
  }

  /** Null when every handler is through already. A handler that throws is reported, and the stream goes on. */
  deliver(item: StreamItem<Event>): Promise<unknown> | null {
    const running: Promise<unknown>[] = [];
    for (const handler of [...this.#handlers]) {
      try {
        const result = handler(item);
        if (isThenable(result)) running.push(Promise.resolve(result).catch(report));
      } catch (error) {
        report(error);
      }
    }
    return running.length > 0 ? Promise.all(running) : null;
  }

  /** A loop takes one event at a time; asking for the next, or leaving, says that it is through with the last. */
  async *iterate(): AsyncGenerator<StreamItem<Event>, void, undefined> {
    let item: StreamItem<Event> | null = null;
    let wake = (): void => {};
    let isThrough = (): void => {};
    const onEnd = (): void => wake();
    const unsubscribe = this.subscribe((next) => {
      item = next;
      wake();
      return new Promise<void>((resolve) => (isThrough = resolve));
    });
    this.#onEnd.add(onEnd);
    try {
      for (;;) {
        if (item === null && this.#end === null) await new Promise<void>((resolve) => (wake = resolve));
        if (item === null && this.#end !== null) break;
        if (item !== null) yield item;
        item = null;
        isThrough();
      }
      if (this.#end?.error) throw this.#end.error;
    } finally {
      this.#onEnd.delete(onEnd);
      unsubscribe();
      isThrough();
    }
  }

  /** No more events. Loops end, with the error if there is one. */
  end(error: Error | null): void {
    this.#end ??= { error };
    this.#hasFirst();
    for (const onEnd of this.#onEnd) onEnd();
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";

/** As an uncaught error of the page: the stream has no business hiding it. */
export function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
