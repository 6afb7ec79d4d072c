/** DOOR: what an operator does to the stream of a run, with what it held before and after written down. */
import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../../src/dev/random.ts";
import { Era, type Removal } from "./annals.ts";
import type { Broker, Position } from "./broker.ts";
import { matches } from "./model.ts";
import { makeOutgoing } from "./payloads.ts";
import type { Ground } from "./ground.ts";
import type { Purge, Upheaval } from "./upheaval-plan.ts";
import { floorOf, type World } from "./world.ts";

/** How far a stream grows past where it was, before anybody looks. */
const PAST = 20;
/** How much a restored stream has lost at least. */
const LOST = 60;
const READ_MS = 300;

export class Upheavals {
  readonly #ground: Ground;
  readonly #world: World;
  readonly #random: Random;
  #backup: { readonly era: Era; readonly lastSeq: number; restore(): Promise<void> } | null = null;

  constructor(ground: Ground, world: World) {
    this.#ground = ground;
    this.#world = world;
    this.#random = new Random(world.plan.seed + 4);
  }

  async recreate({ awayMs, grown }: Extract<Upheaval, { readonly kind: "recreate" }>): Promise<void> {
    const { broker, upheavals, recreations, streamOut } = this.#world;
    this.#backup = null;
    await broker.quietly(async () => {
      await broker.close();
      const ends = [upheavals.begin(), recreations.begin(), streamOut.begin()];
      try {
        await this.#ground.deleteStream();
        await delay(awayMs);
        await this.#ground.createStream();
        const position = await broker.position();
        this.#open(new Era(broker.eras.length, position.created), position);
        await this.#publish(grown);
      } finally {
        for (const end of ends) end();
      }
    });
  }

  async backUp(): Promise<void> {
    const { broker, brokerOut } = this.#world;
    await broker.quietly(async () => {
      const over = brokerOut.begin();
      try {
        const restore = await this.#ground.backUp();
        if (restore === null) return;
        this.#backup = { era: broker.era, lastSeq: (await broker.position()).lastSeq, restore };
      } finally {
        over();
      }
    });
  }

  async restore(grows: boolean): Promise<void> {
    const { broker, brokerOut, upheavals } = this.#world;
    const backup = this.#backup;
    if (backup === null || backup.era !== broker.era) return;
    this.#backup = null;
    await broker.quietly(async () => {
      // Without anything to lose it would be a restart: clients get that much, and have it above what comes back.
      await this.#publish(Math.max(0, LOST - (broker.lastAcked - backup.lastSeq)));
      await delay(READ_MS);
      await broker.close();
      const ends = [upheavals.begin(), brokerOut.begin()];
      try {
        if (grows) await this.#ground.act("refuse");
        const missing = broker.lastAcked - backup.lastSeq;
        await backup.restore();
        const position = await broker.position();
        this.#open(backup.era.fork(broker.eras.length, backup.lastSeq), position);
        if (grows) await this.#publish(missing + PAST);
      } finally {
        if (grows) await this.#ground.act("heal");
        for (const end of ends) end();
      }
    });
  }

  async purge(purge: Purge): Promise<void> {
    await this.#remove(async (broker, before) => {
      const { firstSeq, lastSeq } = before;
      const at = (fraction: number): number => firstSeq + Math.floor((lastSeq - firstSeq + 1) * fraction);
      switch (purge.what) {
        case "all":
          await broker.purge(undefined);
          return [];
        case "below":
          await broker.purge({ seq: at(purge.fraction) });
          return [];
        case "keep":
          await broker.purge({ keep: Math.max(1, Math.floor((lastSeq - firstSeq) * purge.fraction)) });
          return [];
        case "subject": {
          await broker.purge({ filter: purge.subject });
          const { messages } = broker.era;
          return messages.filter(({ subject }) => matches(purge.subject, subject)).map(({ seq }) => seq);
        }
      }
    });
  }

  async deleteMessages(fractions: readonly number[]): Promise<void> {
    await this.#remove(async (broker, { firstSeq, lastSeq }) => {
      const seqs = fractions.map((fraction) => firstSeq + Math.floor((lastSeq - firstSeq) * fraction));
      for (const seq of seqs) await broker.deleteMessage(seq);
      return seqs;
    });
  }

  /** What retention took from the history before may be told for a while yet. */
  #open(era: Era, position: Position): void {
    const { broker } = this.#world;
    broker.floor = floorOf(this.#world);
    broker.open(era, position);
  }

  /** `run` returns what it took from between others. */
  async #remove(run: (broker: Broker, before: Position) => Promise<number[]>): Promise<void> {
    const { broker } = this.#world;
    await broker.quietly(async () => {
      const before = await broker.position();
      const { floor } = broker;
      broker.floor = Infinity;
      const taken = await run(broker, before);
      const { firstSeq } = await broker.position();
      broker.floor = Math.max(floor, firstSeq);
      const removal: Removal = {
        atMs: Date.now(),
        lastSeq: taken.reduce((high, seq) => Math.max(high, seq), firstSeq - 1),
        belowSeq: firstSeq,
        seqs: new Set(taken),
      };
      broker.era.removals.push(removal);
    });
  }

  /** At once, and on top of what the plan publishes at its times. */
  async #publish(count: number): Promise<void> {
    const { broker } = this.#world;
    for (let left = count; left > 0; left -= 1) {
      broker.publish(makeOutgoing(broker.sent, this.#random));
      if (left % 500 === 0) await broker.settled();
    }
    await broker.settled();
  }
}
