/**
 * One room's part in the shards of its subject (B2): the coordinator keeps the book and places clients; the others tell
 * the coordinator how many they have, with every heartbeat and soon after somebody left.
 *
 * Very soon when the coordinator must think that there is no place here, since it refuses clients until it hears. For the
 * next such report it must first have filled the places of the last: there are no more of them than clients it sent.
 */
import { describeError } from "../shared/log-line.ts";
import type { Runtime, Timer } from "../shared/runtime.ts";
import { roomName, type RoomId } from "./room-name.ts";
import { ShardBook, type ShardLimits, type ShardReport } from "./shard-book.ts";

/** What a shard calls of its coordinator. */
export interface Coordinator {
  report(shard: number, report: ShardReport): Promise<void>;
}

/** Several may leave together. */
const REPORT_AFTER_MS = 500;
const REPORT_FULL_AFTER_MS = 20;

export class ShardReports {
  readonly #runtime: Runtime;
  readonly #id: RoomId | null;
  readonly #clients: () => number;
  readonly #coordinator: (name: string) => Coordinator;
  readonly #timer: Timer;
  #isHurried = false;
  #book: ShardBook | null = null;
  #arrivals = 0;
  /** What the coordinator heard last. A room that lost its memory does not know: the coordinator may think it full. */
  #told: ShardReport = { clients: Infinity, arrivals: 0 };

  /** `id` is null for an object that was not created by name; it is a coordinator without shards. */
  constructor(runtime: Runtime, id: RoomId | null, clients: () => number, coordinator: (name: string) => Coordinator) {
    this.#runtime = runtime;
    this.#timer = runtime.timer();
    this.#id = id;
    this.#clients = clients;
    this.#coordinator = coordinator;
  }

  /**
   * One more client arrives. Returns the shard it goes to: 0 is this room, null none. A shard behind the coordinator was
   * chosen by it already.
   */
  arrive(limits: ShardLimits): number | null {
    const own = this.#clients();
    this.#arrivals++;
    if (this.#shard === 0) return (this.#book ??= new ShardBook(limits)).assign(own, this.#runtime.nowMs());
    const isFull = own >= limits.maxClients;
    if (isFull || this.#timer.isArmed) this.#tellSoon(limits);
    return isFull ? null : 0;
  }

  /** Shards that may have clients, as far as the coordinator knows: this one and those behind it. */
  get size(): number {
    return this.#book?.size ?? 1;
  }

  /** Whether one more client would find a place. None is promised. */
  hasPlace(limits: ShardLimits): boolean {
    const own = this.#clients();
    if (this.#shard !== 0 || this.#book === null) return own < limits.maxClients || limits.maxShards > 1;
    return this.#book.hasPlace(own);
  }

  /** The coordinator hears of a shard. */
  heard(shard: number, report: ShardReport, limits: ShardLimits): void {
    this.#book ??= new ShardBook(limits);
    this.#book.report(shard, report, this.#runtime.nowMs());
  }

  /** Somebody left, or came and was refused: the coordinator is told soon. */
  left(limits: ShardLimits): void {
    if (this.#shard !== 0) this.#tellSoon(limits);
  }

  /** Tells the coordinator now. */
  tell(): void {
    const id = this.#id;
    if (id === null || id.shard === 0) return;
    this.#timer.clear();
    this.#told = { clients: this.#clients(), arrivals: this.#arrivals };
    const told = this.#coordinator(roomName({ ...id, shard: 0 })).report(id.shard, this.#told);
    told.catch((error: unknown) =>
      this.#runtime.log("coordinator-unreachable", { subject: id.subject, ...describeError(error) }),
    );
  }

  #tellSoon(limits: ShardLimits): void {
    const hurries = this.#seemsFull(limits);
    if (this.#timer.isArmed && (this.#isHurried || !hurries)) return;
    this.#isHurried = hurries;
    this.#timer.arm(hurries ? REPORT_FULL_AFTER_MS : REPORT_AFTER_MS, () => this.tell());
  }

  /** As the coordinator sees it: it counts those it sent since it heard. */
  #seemsFull({ maxClients }: ShardLimits): boolean {
    return this.#told.clients + this.#arrivals - this.#told.arrivals >= maxClients;
  }

  get #shard(): number {
    return this.#id?.shard ?? 0;
  }
}
