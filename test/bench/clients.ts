/** All counting clients of one process: opens them, sees them through to a goal, and says what became of them. */
import { setTimeout as delay } from "node:timers/promises";
import { nowMark, nowMs } from "./clock.ts";
import { isLibrary } from "./dialect.ts";
import { LibraryMember } from "./library-member.ts";
import { Progress } from "./progress.ts";
import { tail } from "./stats.ts";
import { Member, type MemberHost, type SwarmMember } from "./swarm-member.ts";
import type { Dial, Goal, Opened, Report } from "./swarm-messages.ts";

const OPEN_TIMEOUT_MS = 45_000;
const RETRY_MS = 100;
const MICROS_PER_MS = 1_000;
const NO_GOAL: Goal = { clients: 0, marks: 0, step: 1, latency: false };

export class Clients implements MemberHost {
  onMark: ((value: number) => void) | undefined;
  readonly #members = new Set<SwarmMember>();
  readonly #onReached: (marks: number) => void;
  #progress: Progress;
  #settledAtMs: number | null = null;
  #refused = 0;
  #closed: Record<string, number> = {};
  #wedgedClosed: Record<string, number> = {};
  #samples = new Float64Array(0);
  #sampled = 0;
  #cpu = process.cpuUsage();
  #changed: () => void = () => {};

  constructor(onReached: (marks: number) => void) {
    this.#onReached = onReached;
    this.#progress = new Progress(NO_GOAL, onReached);
  }

  /** Forgets what was counted; clients that are open, and those to come, start towards `goal`. */
  begin(goal: Goal): void {
    this.#settledAtMs = null;
    this.#progress = new Progress(goal, (marks) => {
      if (marks === goal.marks) this.#settledAtMs = nowMs();
      this.#onReached(marks);
    });
    this.#refused = 0;
    this.#closed = {};
    this.#samples = new Float64Array(goal.latency ? goal.clients * goal.marks : 0);
    this.#sampled = 0;
    this.onMark = goal.latency ? (value) => this.#sample(value) : undefined;
    for (const member of this.#members) member.marks = 0;
    this.#cpu = process.cpuUsage();
  }

  /** Opens all of `dial`; who is refused tries again, with jitter, until time is up. */
  async open(dial: Dial): Promise<Opened> {
    const startedMs = nowMs();
    const before = this.#members.size;
    let wedged = dial.wedged ?? 0;
    for (;;) {
      while (this.#members.size < before + dial.clients && this.#opening() < dial.wave) {
        this.#members.add(isLibrary(dial) ? new LibraryMember(dial, this) : new Member(dial, wedged > 0, this));
        wedged -= 1;
      }
      if (this.#members.size === before + dial.clients && this.#opening() === 0) break;
      if (nowMs() - startedMs > OPEN_TIMEOUT_MS) throw new Error(`${this.#opening()} clients could not connect.`);
      const refused = this.#refused;
      await new Promise<void>((resolve) => (this.#changed = resolve));
      if (this.#refused > refused) await delay(RETRY_MS * (0.5 + Math.random()));
    }
    return { open: this.#members.size, refused: this.#refused, ms: nowMs() - startedMs };
  }

  cut(): void {
    const members = [...this.#members];
    this.#members.clear();
    this.#wedgedClosed = {};
    for (const member of members) member.reset();
  }

  async unwedge(timeoutMs: number): Promise<void> {
    const wedged = [...this.#members].filter((member) => member.wedged && member.state === "open");
    for (const member of wedged) member.unwedge();
    const deadline = nowMs() + timeoutMs;
    while (nowMs() < deadline && wedged.some(({ state }) => state === "open")) await delay(50);
  }

  report(): Report {
    const { clients, marks } = this.#progress.goal;
    const counted = [...this.#members].filter(({ wedged }) => !wedged);
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      marks: counted.reduce((sum, member) => sum + member.marks, 0),
      wrong: clients - counted.filter((member) => member.marks === marks).length,
      closed: this.#closed,
      wedgedClosed: this.#wedgedClosed,
      settledAtMs: this.#settledAtMs,
      latencyMs: tail(this.#samples.slice(0, this.#sampled)),
      cpuSeconds: (user + system) / 1e6,
    };
  }

  opened(): void {
    this.#changed();
  }

  refused(member: SwarmMember): void {
    if (!this.#members.delete(member)) return;
    this.#refused += 1;
    this.#changed();
  }

  closed(member: SwarmMember): void {
    if (!this.#members.has(member)) return;
    const tally = member.wedged ? this.#wedgedClosed : this.#closed;
    tally[member.closeCode] = (tally[member.closeCode] ?? 0) + 1;
    // Whoever is gone holds nobody up.
    if (!member.wedged) this.#progress.moved(member.marks, Math.max(member.marks, this.#progress.goal.marks));
    this.#changed();
  }

  marks(member: SwarmMember, found: number): void {
    if (!member.wedged) this.#progress.moved(member.marks - found, member.marks);
  }

  #sample(mark: number): void {
    if (this.#sampled < this.#samples.length) this.#samples[this.#sampled++] = (nowMark() - mark) / MICROS_PER_MS;
  }

  #opening(): number {
    let count = 0;
    for (const { state } of this.#members) if (state === "opening") count += 1;
    return count;
  }
}
