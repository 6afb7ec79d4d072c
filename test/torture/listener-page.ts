/** DOOR: the listeners of one page in Chromium. A note is kept in localStorage until the torture has it: pages reload. */
import type { Cursor } from "../../src/client/storage.ts";
import { Listener, type Note, type Order } from "./listener.ts";
import type { Taken } from "./seat.ts";

export class PageListener {
  readonly #id: number;
  readonly #kept = new Map<number, Note>();
  #next = 1;
  #listener: Listener | null = null;

  constructor(id: number) {
    this.#id = id;
    const prefix = this.#key("");
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(prefix)) continue;
      const number = Number(key.slice(prefix.length));
      this.#kept.set(number, JSON.parse(localStorage.getItem(key) ?? "null") as Note);
    }
    this.#next = Math.max(0, ...this.#kept.keys()) + 1;
  }

  /** `next`: the number of the next note, if the page has forgotten it. */
  start(order: Order, next: number): void {
    const { EventStream, cursorIn } = window.client;
    this.#next = Math.max(this.#next, next);
    const store = cursorIn(localStorage, `${this.#id} cursor`);
    this.#listener = new Listener(EventStream, order, store, (note) => {
      localStorage.setItem(this.#key(this.#next), JSON.stringify(note));
      this.#kept.set(this.#next, note);
      this.#next += 1;
    });
  }

  /** The notes after number `had`, and the number of the last. */
  take(had: number): Taken & { readonly last: number } {
    for (const number of [...this.#kept.keys()]) {
      if (number > had) continue;
      this.#kept.delete(number);
      localStorage.removeItem(this.#key(number));
    }
    const numbers = [...this.#kept.keys()].toSorted((a, b) => a - b);
    return {
      notes: numbers.flatMap((number) => this.#kept.get(number) ?? []),
      cursor: this.#listener?.cursor ?? null,
      pulse: this.#listener?.pulse ?? null,
      last: numbers.at(-1) ?? had,
    };
  }

  act(verb: "hold" | "release" | "retry"): void {
    this.#listener?.[verb]();
  }

  answerReset(cursor: Cursor | null): void {
    this.#listener?.answerReset(cursor);
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  #key(number: number | ""): string {
    return `${this.#id} note ${number}`;
  }
}

declare global {
  interface Window {
    listeners: Map<number, PageListener>;
    listenerOf: (id: number) => PageListener;
  }
}

window.listeners = new Map();
window.listenerOf = (id) => {
  const known = window.listeners.get(id) ?? new PageListener(id);
  window.listeners.set(id, known);
  return known;
};
