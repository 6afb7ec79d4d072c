/** The lease book and the rooms that tell it, over hours of clients, deaths and lost words, against a model. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { LEASE_MS, LeaseBook, type Lease } from "../../../src/quota/lease-book.ts";
import { Renewals } from "../../../src/quota/renewals.ts";
import { drained, ModelClock } from "../../support/model/clock.ts";

const HEARTBEAT_MS = 25_000;
/** An alarm may be so late (DO-15). */
const LATE_MS = 60_000;

interface Room {
  renewals: Renewals;
  /** What each socket keeps. */
  clients: { readonly renewedAtMs: number | null }[];
}

class World {
  readonly #clock = new ModelClock();
  readonly #rows = new Map<string, Lease>();
  readonly #rooms = new Map<string, Room>();
  /** When each subject last had a client, or one was let through. */
  readonly #seenMs = new Map<string, number>();
  readonly #max: number;
  #book = this.#newBook();
  /** Whether the ledger hears nothing, and whether it heard nothing of the last heartbeat. */
  #isDeaf = false;
  #wasDeaf = false;
  #lastBeatMs = this.#clock.nowMs;
  #beatAtMs = this.#clock.nowMs + HEARTBEAT_MS;

  constructor(max: number) {
    this.#max = max;
  }

  restart(): void {
    this.#book = this.#newBook();
  }

  #newBook(): LeaseBook {
    const keyOf = ({ subject, holder }: Pick<Lease, "subject" | "holder">): string => `${subject} ${holder}`;
    return new LeaseBook([...this.#rows.values()], {
      put: (lease) => void this.#rows.set(keyOf(lease), lease),
      delete: (lease) => void this.#rows.delete(keyOf(lease)),
    });
  }

  #newRenewals(name: string): Renewals {
    const subject = name.slice(0, name.indexOf("#"));
    const hear = async (told: () => void): Promise<void> => {
      if (this.#isDeaf) throw new Error("not heard");
      told();
    };
    const ledger = {
      renew: (_: string, room: string, arrived: number) =>
        hear(() => this.#book.renew(subject, room, arrived, this.#clock.nowMs)),
      close: (_: string, room: string, arrived: number) => hear(() => this.#book.close(subject, room, arrived)),
    };
    return new Renewals(
      this.#clock.runtime,
      name,
      () => subject,
      () => ledger,
    );
  }

  /** One request, from the edge's question to the client in its room, or wherever it gets lost. */
  async connect(subject: string, shard: number, { restarts, ends, deaf }: Omit<Connect, "kind" | "subject" | "shard">) {
    const nowMs = this.#clock.nowMs;
    const isOpen = this.#live().has(subject);
    const stored = JSON.stringify([...this.#rows]);
    const could = this.#book.couldOpen(subject, this.#max, nowMs);
    expect(JSON.stringify([...this.#rows])).toBe(stored);
    const { isAllowed } = this.#book.open(subject, this.#max, nowMs);
    expect(isAllowed).toBe(could);
    const others = [...this.#seenMs].filter(([name, seenMs]) => name !== subject && seenMs > nowMs - LEASE_MS);
    if (isOpen || others.length < this.#max) expect(isAllowed).toBe(true);
    if (!isAllowed) return;
    this.#seenMs.set(subject, nowMs);
    if (restarts) this.restart();
    const name = `${subject}#${shard}`;
    const room = this.#rooms.get(name) ?? { renewals: this.#newRenewals(name), clients: [] };
    if (ends === "refused by the edge") this.#book.close(subject, "", 1);
    if (ends === "refused by the room") room.renewals.refused("grant", "asked");
    if (ends === "in the room") {
      this.#isDeaf = deaf;
      room.clients.push(room.renewals.entered("grant", "asked"));
      this.#rooms.set(name, room);
    }
    await drained();
    this.#isDeaf = false;
    expect(this.#live().size).toBeLessThanOrEqual(this.#max);
  }

  async leave(nth: number, deaf: boolean): Promise<void> {
    const [name, room] = this.#pick(nth);
    if (room === undefined) return;
    this.#see();
    room.clients.pop();
    this.#isDeaf = deaf;
    room.renewals.left("grant");
    await drained();
    this.#isDeaf = false;
    if (room.clients.length === 0) this.#rooms.delete(name);
  }

  /** The room and its sockets are gone without a word. */
  die(nth: number): void {
    this.#see();
    this.#rooms.delete(this.#pick(nth)[0]);
  }

  /** The room loses its memory, and its sockets stay. */
  sleep(nth: number): void {
    const [name, room] = this.#pick(nth);
    if (room === undefined) return;
    const renewals = this.#newRenewals(name);
    room.clients = room.clients.map(({ renewedAtMs }) => renewals.woke("grant", renewedAtMs));
    room.renewals = renewals;
  }

  /** Time passes, with the heartbeats due in it. One may be late, and one go unheard, but not both in a row. */
  async pass(ms: number, late: boolean, deaf: boolean): Promise<void> {
    const endMs = this.#clock.nowMs + ms;
    let isDeaf = deaf;
    if (late && !this.#wasDeaf && this.#beatAtMs - this.#clock.nowMs <= HEARTBEAT_MS) this.#beatAtMs += LATE_MS;
    while (this.#beatAtMs <= endMs) {
      const wasLate = this.#beatAtMs - this.#lastBeatMs > HEARTBEAT_MS;
      this.#clock.nowMs = this.#lastBeatMs = this.#beatAtMs;
      this.#beatAtMs += HEARTBEAT_MS;
      this.#isDeaf = this.#wasDeaf = isDeaf && !wasLate && !this.#wasDeaf;
      if (this.#isDeaf) isDeaf = false;
      for (const { renewals } of this.#rooms.values()) renewals.beat();
      await drained();
    }
    this.#clock.nowMs = endMs;
    this.#isDeaf = false;
    this.#see();
  }

  #pick(nth: number): [string, Room | undefined] {
    const all = [...this.#rooms];
    return all[nth % all.length] ?? ["", undefined];
  }

  #live(): Set<string> {
    return new Set(Array.from(this.#rooms.keys(), (name) => name.slice(0, name.indexOf("#"))));
  }

  #see(): void {
    for (const subject of this.#live()) this.#seenMs.set(subject, this.#clock.nowMs);
  }
}

interface Connect {
  readonly kind: "connect";
  readonly subject: string;
  readonly shard: number;
  readonly restarts: boolean;
  readonly ends: "in the room" | "refused by the room" | "refused by the edge" | "nowhere";
  readonly deaf: boolean;
}
type Step =
  | Connect
  | { readonly kind: "leave"; readonly nth: number; readonly deaf: boolean }
  | { readonly kind: "die"; readonly nth: number }
  | { readonly kind: "sleep"; readonly nth: number }
  | { readonly kind: "restart" }
  | { readonly kind: "pass"; readonly ms: number; readonly late: boolean; readonly deaf: boolean };

const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("connect" as const),
      subject: fc.constantFrom("a", "b", "c", "d", "e", "f", "g"),
      shard: fc.nat(1),
      restarts: rarely,
      ends: fc.oneof(
        { weight: 6, arbitrary: fc.constant("in the room" as const) },
        fc.constantFrom("refused by the room" as const, "refused by the edge" as const, "nowhere" as const),
      ),
      deaf: rarely,
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("leave" as const), nth: fc.nat(9), deaf: rarely }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("die" as const), nth: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sleep" as const), nth: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.constant({ kind: "restart" } as const) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.oneof(fc.nat(60_000), fc.nat(300_000), fc.nat(2_000_000)),
      late: rarely,
      deaf: rarely,
    }),
  },
);

test(
  "[B4] never more subjects than the limit for requests in a row, and each place back within one lease, over hours",
  { tags: "long" },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(steps, { maxLength: 60, size: "max" }), run),
      { numRuns: 200 },
    );
  },
);

async function run(max: number, list: readonly Step[]): Promise<void> {
  const world = new World(max);
  for (const step of list) {
    if (step.kind === "connect") await world.connect(step.subject, step.shard, step);
    else if (step.kind === "leave") await world.leave(step.nth, step.deaf);
    else if (step.kind === "die") world.die(step.nth);
    else if (step.kind === "sleep") world.sleep(step.nth);
    else if (step.kind === "restart") world.restart();
    else await world.pass(step.ms, step.late, step.deaf);
  }
}
