import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../../src/dev/random.ts";
import type { Leaving } from "./fault-plan.ts";
import type { Note, Order, Pulse } from "./listener.ts";
import { digestOfText } from "./payloads.ts";
import type { Participant } from "./participant.ts";
import { HEARTBEAT_MS } from "./plan.ts";
import { Story } from "./story.ts";
import type { Seat } from "./seat.ts";
import { ViewerLedger } from "./viewer-ledger.ts";
import type { Path } from "./viewer-path.ts";
import type { ViewerPlan } from "./viewer-plan.ts";
import { judgeWaiting } from "./viewer-verdict.ts";
import { floorOf, type World } from "./world.ts";

const MAX_SILENCE_MS = 5 * HEARTBEAT_MS;

interface Hold {
  readonly fromMs: number;
  toMs: number;
}

/** An `EventStream` under torture: 0 lost and 0 repeated over its whole life, whatever its connections do. */
export class Viewer implements Participant {
  readonly plan: ViewerPlan;
  readonly story: Story;
  readonly ledger: ViewerLedger;
  reconnects = -1;
  readonly #world: World;
  readonly #seat: Seat;
  readonly #path: Path;
  readonly #random: Random;
  readonly #holds: Hold[] = [];
  /** What is asked of the stream happens in turn: nobody ends one that is being started. */
  #turn: Promise<void> = Promise.resolve();
  #polling: Promise<void> | null = null;
  #life: "coming" | "here" | "away" | "over" = "coming";
  #since: number | null = null;
  #wasSilent = false;
  #tryFromMs = 0;
  #state: Extract<Note, { kind: "state" }> | null = null;

  constructor(plan: ViewerPlan, world: World, path: Path, takeSeat: (onTrouble: (text: string) => void) => Seat) {
    this.plan = plan;
    this.#world = world;
    this.#path = path;
    this.#random = new Random(plan.seed);
    this.story = new Story(world.startedAtMs);
    this.ledger = new ViewerLedger(world);
    this.#seat = takeSeat((text) => this.story.violate("other", text));
  }

  get label(): string {
    const { home, isShared, isSlow, loops, isStoreSlow } = this.plan;
    const traits = { shared: isShared, slow: isSlow, loop: loops, "slow store": isStoreSlow };
    return `sdk in ${home} (${Object.entries(traits).flatMap(([name, has]) => (has ? name : []))})`;
  }

  get reached(): number {
    return this.ledger.cursor ?? 0;
  }

  hasReached(lastSeq: number): boolean {
    return this.#life === "here" && this.#state?.state === "live" && this.ledger.cursor === lastSeq;
  }

  async live(signal: AbortSignal): Promise<void> {
    await delay(this.plan.joinAtMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    this.#inTurn(async () => {
      this.#since = this.ledger.begin(this.plan.start, this.plan.isShared);
      await this.#start();
    });
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    this.#inTurn(() => this.#leave("over"));
    await this.#turn;
  }

  /** The signal of `live` says it all. */
  stop(): void {}

  /** `terminate`: the line breaks. Closing: the stream is replaced by another, or the page reloaded. */
  drop(how: Leaving, awayMs: number): void {
    if (this.#life === "coming") return;
    this.story.tell(`${how}, for ${awayMs} ms`);
    const { reload } = this.#seat;
    if (how === "terminate") this.#path.cut(awayMs);
    else if (how === "close-4005" && reload !== null) this.#inTurn(reload);
    else {
      this.#inTurn(async () => {
        await this.#leave("away");
        await delay(awayMs);
        await this.#start();
      });
    }
  }

  wedge(): void {
    if (this.#life !== "here") return;
    this.story.tell(this.plan.losesLine ? "the line is dead" : "the handler is stuck");
    this.#holds.push({ fromMs: Date.now(), toMs: Infinity });
    if (this.plan.losesLine) this.#path.hush();
    else this.#ask(() => this.#seat.act("hold"));
  }

  unwedge(): void {
    const hold = this.#holds.at(-1);
    if (hold === undefined || hold.toMs !== Infinity) return;
    hold.toMs = Date.now();
    this.story.tell(`goes on after ${hold.toMs - hold.fromMs} ms`);
    if (this.plan.losesLine) this.#path.heal();
    else this.#ask(() => this.#seat.act("release"));
  }

  watch(): void {
    if (this.#life !== "here") return;
    this.#ask(() => this.#poll());
    const { state = null, atMs = 0 } = this.#state ?? {};
    if (state === "waiting" && Date.now() - atMs > this.plan.patienceMs) this.#ask(() => this.#seat.act("retry"));
  }

  async #start(): Promise<void> {
    const { isShared, isSlow, loops, filter } = this.plan;
    const order: Order = {
      url: this.#path.url,
      token: this.#world.token,
      subject: filter,
      since: this.#since,
      isShared,
      isSlow,
      loops,
      seed: this.#random.between(1, 2 ** 31),
    };
    await this.#seat.start(order);
    this.#life = "here";
  }

  async #leave(to: "away" | "over"): Promise<void> {
    this.unwedge();
    this.#life = to;
    await this.#seat.close();
    await this.#poll();
  }

  #inTurn(run: () => Promise<void>): void {
    this.#turn = this.#turn.then(async () => {
      if (this.#life !== "over") await run();
    });
    this.#ask(() => this.#turn);
  }

  #ask(run: () => Promise<void>): void {
    run().catch((error: unknown) => this.story.violate("other", String(error)));
  }

  /** One at a time, so that notes stay in order. */
  #poll(): Promise<void> {
    this.#polling = (this.#polling ?? Promise.resolve()).then(async () => {
      const { notes, cursor, pulse } = await this.#seat.take();
      if (pulse !== null) this.#feel(pulse);
      let isReset = false;
      for (const note of notes) {
        if (note.kind === "event") this.#onEvent(note);
        else if (note.kind === "state") this.#onState(note);
        else {
          isReset = true;
          this.story.losses.push(note.reason);
          this.story.tell(`reset: ${note.reason}, cursor ${note.cursor}`);
        }
      }
      if (isReset) await this.#seat.answerReset(this.ledger.beginAgain(this.#random, this.plan.isShared));
      else if (cursor !== null) this.#report(this.ledger.moved(cursor));
    });
    return this.#polling;
  }

  #feel({ readAtMs, running }: Pulse): void {
    const silentMs = Date.now() - readAtMs;
    if (silentMs < MAX_SILENCE_MS) this.#wasSilent = false;
    else if (!this.#wasSilent) {
      this.#wasSilent = true;
      this.story.tell(`has read nothing for ${silentMs} ms, ${running} handlers running`);
    }
  }

  #onEvent(note: Extract<Note, { kind: "event" }>): void {
    this.#report(this.ledger.add(note.seq, "digest" in note ? note.digest : digestOfText(note.text)));
  }

  #onState(note: Extract<Note, { kind: "state" }>): void {
    const { state, fault, cursor, atMs } = note;
    this.#state = note;
    this.story.tell(`${state} at ${cursor} ${fault === null ? "" : JSON.stringify(fault)}`, atMs);
    if (state === "connecting") {
      this.#tryFromMs = atMs;
      this.reconnects += 1;
    } else if (fault !== null) this.#judge(note, atMs);
    else if (state === "closed") {
      if (this.#life === "here") this.story.violate("other", "closed without being asked");
    } else if (cursor !== null) {
      this.ledger.welcomed(cursor, atMs);
      this.#report(this.ledger.moved(cursor));
    }
  }

  #judge({ state, fault, cursor }: Extract<Note, { kind: "state" }>, atMs: number): void {
    if (fault === null) return;
    const fromMs = this.#tryFromMs;
    const { brokerOut, relayOut, streamOut, upheavals, plan } = this.#world;
    const held = this.#holds.map((hold) => Math.min(hold.toMs, atMs) - Math.max(hold.fromMs, fromMs));
    const wrong = judgeWaiting(
      {
        fault,
        cursor: cursor ?? this.#since,
        isShared: this.plan.isShared,
        isSlow: this.plan.isSlow,
        lastedMs: atMs - fromMs,
        heldMs: Math.max(0, ...held),
      },
      {
        brokerOut: brokerOut.overlaps(fromMs, atMs),
        relayOut: relayOut.overlaps(fromMs, atMs),
        pathOut: this.#path.outages.overlaps(fromMs, atMs),
        streamOut: streamOut.overlaps(fromMs, atMs),
        isAnother: upheavals.overlaps(this.ledger.sinceMs, atMs),
        sendTimeoutMs: plan.sendTimeoutMs,
        floor: floorOf(this.#world),
      },
    );
    if (state === "closed") this.story.violate("other", `closed: ${JSON.stringify(fault)}`);
    else if (wrong !== null) this.story.violate("other", wrong);
  }

  #report(breach: ReturnType<ViewerLedger["moved"]>): void {
    if (breach !== null) this.story.violate(breach.kind === "protocol" ? "other" : breach.kind, breach.text);
  }
}
