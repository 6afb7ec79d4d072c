/** EFFECTS: who is given the events: handlers and loops. Every one of them is waited for before the next event. */
import type { Handler, StreamItem } from "./options.ts";

type Taker<Event> = (item: StreamItem<Event> | null) => unknown;

export class Consumers<Event> {
  readonly #takers = new Set<Taker<Event>>();
  #end: { readonly error: Error | null } | null = null;
  #hasTaker = (): void => {};
  #taker = this.#nextTaker();

  /** While there is nobody: resolves when that changes. What nobody reads is kept, and the relay sees a slow reader. */
  get vacancy(): Promise<void> | null {
    return this.#takers.size > 0 ? null : this.#taker;
  }

  subscribe(handler: Handler<Event>): () => void {
    return this.#add((item) => item && handler(item));
  }

  /** Null when every handler is through already. A handler that throws is reported, and the stream goes on. */
  deliver(item: StreamItem<Event>): Promise<unknown> | null {
    const running: Promise<unknown>[] = [];
    for (const take of [...this.#takers]) {
      try {
        // A handler may return anything.
        const result = take(item) as PromiseLike<unknown> | null | undefined;
        if (result?.then) running.push(Promise.resolve(result).catch(report));
      } catch (error) {
        report(error);
      }
    }
    return running.length > 0 ? Promise.all(running) : null;
  }

  /** A loop takes one event at a time; asking for the next, or leaving, says that it is through with the last. */
  async *iterate(): AsyncGenerator<StreamItem<Event>, void, undefined> {
    let handled = (): void => {};
    let arrive: Taker<Event>;
    const arrival = (): Promise<StreamItem<Event> | null> => new Promise((resolve) => (arrive = resolve));
    let next = arrival();
    const unsubscribe = this.#add((item) => {
      arrive(item);
      return item && new Promise<void>((resolve) => (handled = resolve));
    });
    try {
      for (let item; (item = this.#end ? null : await next) !== null; handled()) {
        next = arrival();
        yield item;
      }
      if (this.#end?.error) throw this.#end.error;
    } finally {
      unsubscribe();
      handled();
    }
  }

  /** No more events. Loops end, with the error if there is one. */
  end(error: Error | null): void {
    this.#end = { error };
    this.#hasTaker();
    for (const take of this.#takers) take(null);
  }

  #add(taker: Taker<Event>): () => void {
    this.#takers.add(taker);
    this.#hasTaker();
    return () => {
      if (this.#takers.delete(taker) && this.#takers.size === 0) this.#taker = this.#nextTaker();
    };
  }

  #nextTaker(): Promise<void> {
    return new Promise((resolve) => (this.#hasTaker = resolve));
  }
}

/** As an uncaught error of the page: the stream has no business hiding it. */
export function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
