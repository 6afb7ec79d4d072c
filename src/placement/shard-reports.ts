/**
 * One room's part in the shards of its subject (B2): the door keeps the book and places clients; the others tell
 * the door how many they have, with every heartbeat and soon after somebody left.
 *
 * Very soon when the door must think that there is no place here, since it refuses clients until it hears. For the
 * next such report it must first have filled the places of the last: there are no more of them than clients it sent.
 */
import { describeError, logEvent } from "../shared/log.ts";
import { Timer } from "../shared/timer.ts";
import { roomName, type RoomId } from "./room-name.ts";
import { ShardBook, type ShardLimits, type ShardReport } from "./shard-book.ts";

/** What a shard calls of its door. */
export interface Coordinator {
  report(shard: number, report: ShardReport): Promise<void>;
}

/** Several may leave together. */
const REPORT_AFTER_MS = 500;
const REPORT_FULL_AFTER_MS = 20;

export class ShardReports {
  readonly #id: RoomId | null;
  readonly #clients: () => number;
  readonly #coordinator: (name: string) => Coordinator;
  readonly #timer = new Timer();
  #isHurried = false;
  #book: ShardBook | null = null;
  #arrivals = 0;
  /** What the door heard last. A room that lost its memory does not know: the door may think it full. */
  #told: ShardReport = { clients: Infinity, arrivals: 0 };

  /** `id` is null for an object that was not created by name; it is a door without shards. */
  constructor(id: RoomId | null, clients: () => number, door: (name: string) => Coordinator) {
    this.#id = id;
    this.#clients = clients;
    this.#coordinator = door;
  }

  /** Where one more client goes: 0 is here, null nowhere. A shard behind the door was chosen already. */
  place(limits: ShardLimits): number | null {
    const own = this.#clients();
    this.#arrivals++;
    if (this.#shard === 0) return (this.#book ??= new ShardBook(limits)).place(own, Date.now());
    const isFull = own >= limits.maxClients;
    if (isFull || this.#timer.isArmed) this.#tellSoon(limits);
    return isFull ? null : 0;
  }

  /** The door hears of a shard. */
  heard(shard: number, report: ShardReport, limits: ShardLimits): void {
    this.#book ??= new ShardBook(limits);
    this.#book.report(shard, report, Date.now());
  }

  /** Somebody left, or came and was refused: the door is told soon. */
  left(limits: ShardLimits): void {
    if (this.#shard !== 0) this.#tellSoon(limits);
  }

  /** Tells the door now. */
  tell(): void {
    const id = this.#id;
    if (id === null || id.shard === 0) return;
    this.#timer.clear();
    this.#told = { clients: this.#clients(), arrivals: this.#arrivals };
    const told = this.#coordinator(roomName({ ...id, shard: 0 })).report(id.shard, this.#told);
    told.catch((error: unknown) => logEvent("coordinator-unreachable", { subject: id.subject, ...describeError(error) }));
  }

  #tellSoon(limits: ShardLimits): void {
    const hurries = this.#seemsFull(limits);
    if (this.#timer.isArmed && (this.#isHurried || !hurries)) return;
    this.#isHurried = hurries;
    this.#timer.arm(hurries ? REPORT_FULL_AFTER_MS : REPORT_AFTER_MS, () => this.tell());
  }

  /** As the door sees it: it counts those it sent since it heard. */
  #seemsFull({ maxClients }: ShardLimits): boolean {
    return this.#told.clients + this.#arrivals - this.#told.arrivals >= maxClients;
  }

  get #shard(): number {
    return this.#id?.shard ?? 0;
  }
}
