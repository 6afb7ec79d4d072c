/**
 * What a room costs the isolate, and whom that is charged to (B7): of the credentials of its clients the one that costs
 * least, so that nobody's room is held back for what another client of it does elsewhere.
 */
import type { Runtime, Timer } from "../shared/runtime.ts";
import type { Isolate } from "./isolate/isolate.ts";
import { TURN_EVENTS } from "./isolate/pace.ts";

/** Clients that are as much work as one event more. */
const CLIENTS_PER_EVENT = 20;
/** A room may have a thousand credentials, and every message asks. */
const CHOOSE_EVERY_MS = 100;
const PROBE_MS = 1;
const PROBE_EVERY_MS = 50;

export class Costs {
  readonly #runtime: Runtime;
  readonly #isolate: Isolate;
  readonly #readOn: () => void;
  readonly #clients = new Map<string, number>();
  readonly #probe: Timer;
  readonly #turn: Timer;
  #probedAtMs = 0;
  #isDue = false;
  /** Who pays at the moment. */
  #chosen: string | null = null;
  #chosenAtMs = -Infinity;

  /** `id` names the object among those that share the isolate; `readOn`: a turn has come. */
  constructor(runtime: Runtime, isolate: Isolate, id: string, readOn: () => void) {
    this.#runtime = runtime;
    this.#isolate = isolate;
    this.#readOn = readOn;
    this.#probe = runtime.timer();
    this.#turn = runtime.timer();
    isolate.presence.set(id, this.#clients);
  }

  /** How many clients each credential has here. */
  get clients(): ReadonlyMap<string, number> {
    return this.#clients;
  }

  entered({ grantId }: { readonly grantId: string }): void {
    const clients = this.#clients.get(grantId) ?? 0;
    if (clients === 0) this.#chosenAtMs = -Infinity;
    this.#clients.set(grantId, clients + 1);
  }

  left({ grantId }: { readonly grantId: string }): void {
    const clients = (this.#clients.get(grantId) ?? 0) - 1;
    if (clients > 0) this.#clients.set(grantId, clients);
    else this.#clients.delete(grantId);
    if (clients <= 0) this.#chosenAtMs = -Infinity;
  }

  /** The room has read and sent so many events, to so many clients. */
  spent(events: number, clients: number): void {
    const nowMs = this.#runtime.nowMs();
    const payer = this.#payer(nowMs);
    if (payer === null) return;
    this.#isolate.pace.spent(payer, events + clients / CLIENTS_PER_EVENT, nowMs);
    if (this.#probe.isArmed || nowMs - this.#probedAtMs < PROBE_EVERY_MS || !this.#isolate.pace.isShared(nowMs)) return;
    this.#probedAtMs = nowMs;
    this.#probe.arm(PROBE_MS, () => this.#came(nowMs + PROBE_MS));
  }

  /** How many events may be asked for by the first pull: before anything was read nobody knows what the room will cost. */
  get firstAllowance(): number {
    const nowMs = this.#runtime.nowMs();
    const payer = this.#payer(nowMs);
    return payer !== null && this.#isolate.presence.hasOthers(payer, nowMs) ? TURN_EVENTS : Infinity;
  }

  /** How many events may be asked for now; 0: none, Infinity: a whole pull. */
  allowance(outstanding: number): number {
    const nowMs = this.#runtime.nowMs();
    const payer = this.#payer(nowMs);
    if (payer === null || !this.#isHeavyBesideOthers(payer, nowMs)) return Infinity;
    if (outstanding > TURN_EVENTS / 2 || this.#turn.isArmed) return 0;
    if (!this.#isDue) {
      const turnMs = this.#isolate.pace.book(nowMs);
      if (turnMs > nowMs) {
        this.#turn.arm(turnMs - nowMs, () => this.#takeTurn(turnMs));
        return 0;
      }
    }
    this.#isDue = false;
    return TURN_EVENTS;
  }

  #isHeavyBesideOthers(payer: string, nowMs: number): boolean {
    const { pace, presence } = this.#isolate;
    return pace.isHeavy(payer, nowMs) && presence.hasOthers(payer, nowMs);
  }

  stop(): void {
    this.#probe.clear();
    this.#turn.clear();
    this.#isDue = false;
  }

  #takeTurn(turnMs: number): void {
    this.#came(turnMs);
    this.#isDue = true;
    this.#readOn();
  }

  #came(dueAtMs: number): void {
    const nowMs = this.#runtime.nowMs();
    this.#isolate.pace.came(nowMs - dueAtMs, nowMs);
  }

  #payer(nowMs: number): string | null {
    if (nowMs - this.#chosenAtMs < CHOOSE_EVERY_MS) return this.#chosen;
    this.#chosenAtMs = nowMs;
    let payer: string | null = null;
    let least = Infinity;
    for (const credential of this.#clients.keys()) {
      const work = this.#isolate.pace.work(credential, nowMs);
      if (work >= least) continue;
      payer = credential;
      least = work;
    }
    this.#chosen = payer;
    return payer;
  }
}
