/** DOOR: an `EventStream` in this process. */
import { setTimeout as delay } from "node:timers/promises";
import { EventStream } from "../../src/client/index.ts";
import { cursorIn, type Cursor, type CursorStore } from "../../src/client/storage.ts";
import { Random } from "../../src/dev/random.ts";
import { Listener, type Note, type Order } from "./listener.ts";
import type { Seat, Taken } from "./seat.ts";

const MAX_STORE_MS = 20;
const STORE_PAUSE_CHANCE = 0.05;

export class NodeSeat implements Seat {
  readonly reload = null;
  readonly #store: CursorStore;
  #notes: Note[] = [];
  #listener: Listener | null = null;

  constructor(isStoreSlow: boolean, seed: number) {
    const texts = new Map<string, string>();
    const storage = {
      getItem: (key: string) => texts.get(key) ?? null,
      setItem: (key: string, value: string) => void texts.set(key, value),
    };
    const store = cursorIn(storage, "cursor");
    this.#store = isStoreSlow ? slow(store, new Random(seed)) : store;
  }

  async start(order: Order): Promise<void> {
    this.#listener = new Listener(EventStream, order, this.#store, (note) => this.#notes.push(note));
  }

  async take(): Promise<Taken> {
    const notes = this.#notes;
    this.#notes = [];
    return { notes, cursor: this.#listener?.cursor ?? null, pulse: this.#listener?.pulse ?? null };
  }

  async act(verb: "hold" | "release" | "retry"): Promise<void> {
    this.#listener?.[verb]();
  }

  async answerReset(cursor: Cursor | null): Promise<void> {
    this.#listener?.answerReset(cursor);
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }
}

function slow(store: CursorStore, random: Random): CursorStore {
  const takeTime = async (): Promise<void> => {
    if (random.fraction() < STORE_PAUSE_CHANCE) await delay(random.between(1, MAX_STORE_MS));
  };
  return {
    load: async () => {
      await takeTime();
      return store.load();
    },
    save: async (cursor) => {
      await takeTime();
      await store.save(cursor);
    },
  };
}
