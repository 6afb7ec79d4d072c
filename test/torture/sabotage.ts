import { setTimeout as delay } from "node:timers/promises";
import type { Fault, FaultKind } from "./fault-plan.ts";
import type { Ground } from "./ground.ts";
import type { Participant } from "./participant.ts";
import type { Probes } from "./probes.ts";
import { Upheavals } from "./upheavals.ts";
import type { World } from "./world.ts";

export interface Stage {
  readonly ground: Ground;
  readonly world: World;
  readonly probes: Probes;
  readonly clients: readonly Participant[];
  /** Replaces the relay by another on the same port. */
  restartRelay(): Promise<void>;
}

/** They come at any time; those of broker, stream and relay wait for each other. */
const CLIENT_KINDS: readonly FaultKind[] = [
  "drop",
  "wedge",
  "vacate",
  "sleep",
  "storm",
  "join-ahead",
  "wrong-epoch",
  "look-back",
];

/** Carries out the faults of the plan at their times; resolves when the last of them has healed. */
export class Sabotage {
  readonly counts: Partial<Record<FaultKind, number>> = {};
  readonly #stage: Stage;
  readonly #signal: AbortSignal;
  readonly #upheavals: Upheavals;
  readonly #healing: Promise<void>[] = [];
  /** Faults of broker and relay follow each other, however long one takes. */
  #world: Promise<void> = Promise.resolve();

  constructor(stage: Stage, signal: AbortSignal) {
    this.#stage = stage;
    this.#signal = signal;
    this.#upheavals = new Upheavals(stage.ground, stage.world);
  }

  async run(faults: readonly Fault[]): Promise<void> {
    for (const fault of faults) {
      await this.#pause(this.#stage.world.startedAtMs + fault.atMs - Date.now());
      const committed = CLIENT_KINDS.includes(fault.kind) ? this.#commit(fault) : this.#inTurn(fault);
      this.#healing.push(committed);
      // The wait above may fail before anybody waits for this.
      committed.catch(() => {});
    }
    await Promise.all(this.#healing);
  }

  /** Resolves when nothing is broken any more, also after a run that was broken off. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#healing);
  }

  #inTurn(fault: Fault): Promise<void> {
    this.#world = this.#world.then(() => this.#commit(fault));
    return this.#world;
  }

  async #commit(fault: Fault): Promise<void> {
    this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1;
    const { ground, world, clients, probes } = this.#stage;
    switch (fault.kind) {
      case "kill":
        return this.#out(
          fault.forMs,
          () => ground.act("kill"),
          () => ground.act("start"),
        );
      case "freeze":
        return this.#out(
          fault.forMs,
          () => ground.act("pause"),
          () => ground.act("resume"),
        );
      case "refuse":
        return this.#out(
          fault.forMs,
          () => ground.act("refuse"),
          () => ground.act("heal"),
        );
      case "blackhole":
        return this.#out(
          fault.forMs,
          () => ground.act("blackhole"),
          () => ground.act("heal"),
        );
      case "hold":
        return this.#out(
          fault.forMs,
          () => ground.act("hold"),
          () => ground.act("heal"),
        );
      case "partition":
        return this.#out(
          fault.forMs,
          async () => ground.isolate(fault.how),
          () => ground.rejoin(),
        );
      case "step-down":
        return this.#out(
          0,
          () => ground.stepDown(),
          async () => {},
        );
      case "recreate":
        return this.#upheavals.recreate(fault);
      case "back-up":
        return this.#upheavals.backUp();
      case "restore":
        return this.#upheavals.restore(fault.grows);
      case "purge":
        return this.#upheavals.purge(fault);
      case "delete-messages":
        return this.#upheavals.deleteMessages(fault.fractions);
      case "join-ahead":
      case "wrong-epoch":
      case "look-back":
        return probes.send(fault);
      case "cut":
        return ground.act("cut");
      case "delete-consumers":
        // The broker may be busy with its own restart: what cannot be deleted now is left alone.
        await world.broker.deleteRelayConsumers().catch(() => 0);
        return;
      case "restart-relay":
        return this.#stage.restartRelay();
      case "drop":
        return clients[fault.client]?.drop(fault.how, fault.awayMs);
      case "wedge":
        return this.#wedge(clients[fault.client], fault.forMs);
      case "vacate":
      case "sleep":
        return leave(sameRoom(clients, fault.client), fault.awayMs);
      case "storm":
        return leave(clients, fault.awayMs);
    }
  }

  /** The broker is out of the relay's reach for a while, and comes back even if the run is broken off. */
  async #out(forMs: number, begin: () => Promise<void>, end: () => Promise<void>): Promise<void> {
    const over = this.#stage.world.brokerOut.begin();
    try {
      await begin();
      await this.#pause(forMs);
    } finally {
      await end();
      over();
    }
  }

  async #wedge(client: Participant | undefined, forMs: number): Promise<void> {
    client?.wedge();
    await this.#pause(forMs);
    client?.unwedge();
  }

  async #pause(ms: number): Promise<void> {
    await delay(Math.max(0, ms), undefined, { signal: this.#signal });
  }
}

function leave(clients: readonly Participant[], awayMs: number): void {
  for (const client of clients) client.drop("terminate", awayMs);
}

function sameRoom(clients: readonly Participant[], id: number): Participant[] {
  const filter = clients[id]?.plan.filter;
  return clients.filter(({ plan }) => plan.filter === filter);
}
