/**
 * Which shard of a subject the next client goes to (B2). Pure. Shard 0 is the coordinator: it keeps this book and sends
 * clients on. A shard is opened only when all others are full; among those open the emptiest is chosen, so they
 * fill evenly.
 *
 * The book counts what it has promised since a shard's last report; the report replaces the guess. A coordinator that
 * lost its memory believes the others empty until they report, within a heartbeat: then a shard may refuse, and
 * the client comes again.
 */
import type { Config } from "../config/config.ts";

export interface ShardLimits {
  readonly maxClients: number;
  readonly maxShards: number;
}

export function limitsOf({ maxClientsPerRoom: maxClients, maxShards }: Config): ShardLimits {
  return { maxClients, maxShards };
}

/** A client that was sent on has arrived, or never will, after this long: the report is the whole truth again. */
const PROMISE_MS = 2_000;

export interface ShardReport {
  readonly clients: number;
  readonly arrivals: number;
}

interface Shard {
  reported: number;
  /** Clients that ever came to the shard, as it last said. */
  arrivals: number;
  promised: number;
  promisedAtMs: number;
}

export class ShardBook {
  readonly #limits: ShardLimits;
  /** ShardReports 1 and up; the coordinator knows itself. */
  readonly #others: Shard[] = [];

  constructor(limits: ShardLimits) {
    this.#limits = limits;
  }

  /** ShardReports that are open, the coordinator among them. */
  get size(): number {
    return this.#others.length + 1;
  }

  /** The shard for one more client when the coordinator itself has `own` of them; null when all are full. */
  assign(own: number, nowMs: number): number | null {
    let best = 0;
    let load = own;
    this.#others.forEach((shard, index) => {
      if (loadOf(shard) >= load) return;
      best = index + 1;
      load = loadOf(shard);
    });
    if (load >= this.#limits.maxClients) {
      if (this.size >= this.#limits.maxShards) return null;
      this.#others.push({ reported: 0, arrivals: 0, promised: 0, promisedAtMs: nowMs });
      best = this.#others.length;
    }
    const chosen = this.#others[best - 1];
    if (chosen !== undefined) {
      chosen.promised++;
      chosen.promisedAtMs = nowMs;
    }
    return best;
  }

  /** Whether `assign` would find a shard. */
  hasPlace(own: number): boolean {
    const { maxClients, maxShards } = this.#limits;
    return own < maxClients || this.size < maxShards || this.#others.some((shard) => loadOf(shard) < maxClients);
  }

  /** A shard says how many clients it has, and how many ever came: those fulfil promises, whoever left meanwhile. */
  report(index: number, { clients, arrivals }: ShardReport, nowMs: number): void {
    if (index < 1 || index >= this.#limits.maxShards) return;
    while (this.#others.length < index) this.#others.push({ reported: 0, arrivals: 0, promised: 0, promisedAtMs: 0 });
    // The line above has made it, if it was not there.
    const shard = this.#others[index - 1] as Shard;
    // A shard that lost its memory counts from zero again.
    const came = arrivals >= shard.arrivals ? arrivals - shard.arrivals : arrivals;
    const stale = nowMs - shard.promisedAtMs > PROMISE_MS;
    shard.promised = stale ? 0 : Math.max(0, shard.promised - came);
    shard.reported = clients;
    shard.arrivals = arrivals;
    this.#forgetEmptyTail(nowMs);
  }

  /** ShardReports are closed from the end, once nobody is there. */
  #forgetEmptyTail(nowMs: number): void {
    for (let last = this.#others.at(-1); last !== undefined; last = this.#others.at(-1)) {
      if (last.reported > 0 || (last.promised > 0 && nowMs - last.promisedAtMs <= PROMISE_MS)) return;
      this.#others.pop();
    }
  }
}

function loadOf(shard: Shard): number {
  return shard.reported + shard.promised;
}
