import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { Random } from "../../src/dev/random.ts";
import type { Known } from "../support/wire/reader.ts";
import { ReaderV1 } from "../support/wire/reader-v1.ts";
import { ReaderV2 } from "../support/wire/reader-v2.ts";
import { newAttempt, removedBefore, untold, type Attempt } from "./attempt.ts";
import { FORGED_ID } from "./comparable.ts";
import { openConnection, type Closing } from "./connection.ts";
import type { Leaving } from "./fault-plan.ts";
import { Ledger } from "./ledger.ts";
import { digestOfText } from "./payloads.ts";
import type { Participant } from "./participant.ts";
import { HEARTBEAT_MS, type ClientPlan } from "./plan.ts";
import { Story } from "./story.ts";
import { judge, type Ending } from "./verdict.ts";
import type { Path } from "./viewer-path.ts";
import { floorOf, type World } from "./world.ts";

const V2 = "cellos.relay.v2";
const LOST = 4410;
/** W8 allows 1.5 heartbeats; the rest is for a machine that runs everything on two cores. */
const MAX_SILENCE_MS = 5 * HEARTBEAT_MS;
/** `ws` itself would wait 30 s for the connection to end after the close frames. */
const MAX_CLOSING_MS = 4_000;

/** One client with one history over all of its connections, and a strict reader on each. */
export class Client implements Participant {
  readonly plan: ClientPlan;
  readonly story: Story;
  readonly ledger: Ledger;
  reconnects = 0;
  readonly #world: World;
  /** Null: straight to the relay. */
  readonly #path: Path | null;
  readonly #random: Random;
  #socket: WebSocket | null = null;
  #attempt: Attempt | null = null;
  #awayUntilMs = 0;
  #stopped = false;

  constructor(plan: ClientPlan, world: World, path: Path | null) {
    this.plan = plan;
    this.#world = world;
    this.#path = path;
    this.#random = new Random(plan.seed);
    this.story = new Story(world.startedAtMs);
    this.ledger = new Ledger(plan, world, this.#random);
  }

  /** Lives until `stop`: connects, reads, and comes back after every end. Never throws. */
  async live(signal: AbortSignal): Promise<void> {
    this.#awayUntilMs = Date.now() + this.plan.joinAtMs;
    for (let first = true; !this.#stopped && !signal.aborted; first = false) {
      await delay(Math.max(0, this.#awayUntilMs - Date.now()), undefined, { signal }).catch(() => {});
      if (this.#stopped || signal.aborted) return;
      if (this.#awayUntilMs > Date.now()) continue;
      if (!first) this.reconnects += 1;
      const pauseMs = await this.#connect();
      this.#awayUntilMs = Math.max(this.#awayUntilMs, Date.now() + pauseMs);
    }
  }

  get label(): string {
    return `v${this.plan.protocol}`;
  }

  /** The cursor, or 0 as long as there is none. */
  get reached(): number {
    return this.#attempt?.reader.cursor ?? this.ledger.cursor ?? 0;
  }

  /** True when everything up to `lastSeq` is proven to have been sent. */
  hasReached(lastSeq: number): boolean {
    const reader = this.#attempt?.reader;
    if (reader === undefined || this.#socket?.readyState !== WebSocket.OPEN) return false;
    // Above it is a cursor of a stream that is no more.
    return reader.cursor === lastSeq && !reader.owesCaughtUp;
  }

  drop(how: Leaving, awayMs: number): void {
    this.#awayUntilMs = Math.max(this.#awayUntilMs, Date.now() + awayMs);
    if (this.#attempt === null || this.#attempt.own !== null) return;
    this.story.tell(`leaves: ${how}, for ${awayMs} ms`);
    this.#attempt.own = { kind: how, atMs: Date.now() };
    if (how === "terminate") this.#socket?.terminate();
    else this.#socket?.close(how === "close-1000" ? 1000 : 4005, "torture");
  }

  /** Stops reading from the TCP socket, or gets nothing more over its path. */
  wedge(): void {
    if (this.#attempt === null || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.story.tell(this.#path === null ? "stops reading" : "the line stalls");
    this.#attempt.wedgedAtMs ??= Date.now();
    if (this.#path === null) this.#socket.pause();
    else this.#path.stall();
  }

  unwedge(): void {
    const attempt = this.#attempt;
    if (attempt === null || attempt.wedgedAtMs === null) return;
    attempt.wedgedMs = Math.max(attempt.wedgedMs, Date.now() - attempt.wedgedAtMs);
    attempt.wedgedAtMs = null;
    attempt.lastFrameAtMs = Date.now();
    this.story.tell(`reads again after ${attempt.wedgedMs} ms`);
    if (this.#path === null) this.#socket?.resume();
    else this.#path.heal();
  }

  /** To be called now and then: finds a connection that says nothing at all (W8), or does not end after its close. */
  watch(): void {
    const attempt = this.#attempt;
    if (attempt === null || attempt.wedgedAtMs !== null) return;
    const now = Date.now();
    const silentMs = now - attempt.lastFrameAtMs;
    if (this.#socket?.readyState === WebSocket.CLOSING) {
      attempt.closingAtMs ??= now;
      if (now - attempt.closingAtMs > MAX_CLOSING_MS) this.#socket.terminate();
    } else if (this.#socket?.readyState === WebSocket.OPEN && !attempt.wasSilent && silentMs > MAX_SILENCE_MS) {
      attempt.wasSilent = true;
      this.story.violate("other", `nothing for ${silentMs} ms at cursor ${attempt.reader.cursor}`);
    }
    this.#report(untold(attempt, now, this.#world));
  }

  stop(): void {
    this.#stopped = true;
    this.drop("terminate", 0);
  }

  async #connect(): Promise<number> {
    const { asked, fresh } = this.ledger.ask();
    const { protocol, filter, pings } = this.plan;
    const known: Known = {
      epoch: asked.epoch,
      heartbeatMs: HEARTBEAT_MS,
      seen: (seq) => this.ledger.has(seq),
      acks: protocol === 2 || pings,
      isForged: (id) => id.startsWith(FORGED_ID),
    };
    const reader = protocol === 1 ? new ReaderV1(asked, known) : new ReaderV2(asked, known);
    const attempt = newAttempt(reader, fresh, this.#world);
    this.#attempt = attempt;
    const query = new URLSearchParams({ subject: filter });
    if (asked.since !== null) query.set("since", String(asked.since));
    if (asked.epoch !== null) query.set("epoch", asked.epoch);
    this.story.tell(`asks ${query}`);
    const { promise, resolve } = Promise.withResolvers<Closing>();
    this.#socket = openConnection(
      `${this.#path?.url.replace("http", "ws") ?? this.#world.wsUrl}/ws/events?${query}`,
      protocol === 2 ? [V2] : [],
      this.#world.token,
      {
        onOpen: () => {
          attempt.lastFrameAtMs = Date.now();
          if (fresh) this.ledger.opened();
          else this.ledger.resumed();
        },
        onText: (text, bytes) => this.#receive(attempt, text, bytes),
        onEnd: resolve,
      },
    );
    const closing = await promise;
    this.unwedge();
    this.#attempt = null;
    this.#socket = null;
    return this.#ended(attempt, closing);
  }

  #receive(attempt: Attempt, text: string, bytes: number): void {
    attempt.lastFrameAtMs = Date.now();
    attempt.toldAtMs ??= attempt.lastFrameAtMs;
    const { reader } = attempt;
    const { events, breaches, ping } = reader.read(text, bytes);
    if (attempt.fresh && reader instanceof ReaderV2 && reader.welcomedAt !== null)
      this.ledger.welcomed(reader.welcomedAt);
    if (reader instanceof ReaderV2 && reader.welcomedAt !== null) this.ledger.named(reader.epoch);
    for (const { seq, text: event } of events) {
      this.ledger.add(seq, digestOfText(event));
      this.#report(removedBefore(attempt, seq, this.#world));
    }
    for (const breach of breaches) this.story.violate(breach.kind === "protocol" ? "other" : breach.kind, breach.text);
    if (!ping || this.#socket?.readyState !== WebSocket.OPEN) return;
    attempt.hasSent = true;
    this.#socket.send("ping");
  }

  /** Judges the end of a connection; returns how long to stay away. */
  #ended(attempt: Attempt, closing: Closing): number {
    const { reader, askedAtMs, own } = attempt;
    const { brokerOut, relayOut, streamOut, upheavals, plan } = this.#world;
    if (own === null) this.#world.onEnd?.(closing);
    const now = Date.now();
    const { code, reason, status } = closing;
    this.story.tell(
      `ended ${code ?? `${status} ${closing.error}`} "${reason}" after ${now - askedAtMs} ms, cursor ${reader.cursor}`,
    );
    const ending: Ending = {
      code,
      reason,
      status,
      own:
        own === null
          ? null
          : own.kind === "terminate"
            ? { kind: "terminate" }
            : { kind: "close", code: own.kind === "close-1000" ? 1000 : 4005, tookMs: now - own.atMs },
      protocol: this.plan.protocol,
      wedgedMs: attempt.wedgedMs,
      unprovenBytes: reader.unprovenBytes,
      problem: reader.problem,
      cursor: reader.cursor ?? this.ledger.cursor,
      lastedMs: now - askedAtMs,
      closingMs: attempt.closingAtMs === null ? 0 : now - attempt.closingAtMs,
      hasSent: attempt.hasSent,
    };
    const wrong = judge(ending, {
      brokerOut: brokerOut.overlaps(askedAtMs, now),
      relayOut: relayOut.overlaps(askedAtMs, now),
      pathOut: this.#path?.outages.overlaps(askedAtMs, now) ?? false,
      streamOut: streamOut.overlaps(askedAtMs, now),
      isAnother: upheavals.overlaps(this.ledger.sinceMs, now),
      sendTimeoutMs: plan.sendTimeoutMs,
      floor: floorOf(this.#world),
    });
    this.#report(wrong);
    if (code === LOST) this.story.losses.push(reason);
    this.ledger.ended(reader, attempt.fresh);
    return code === 4408 ? 0 : this.#random.between(10, code === null || code === 1013 ? 800 : 200);
  }

  #report(wrong: string | null): void {
    if (wrong !== null) this.story.violate("other", wrong);
  }
}
