/** A JetStream stream as the model knows it: every message ever published, whatever retention has removed. */
import type { Envelope } from "../../../src/protocol/frames.ts";
import { epochOf } from "../../../src/upstream/jetstream-api.ts";

export const STREAM = "S";

/** `bad`: on the subject, and no event (W7). `other`: of a subject that the room's filter skips. */
export type Kind = "match" | "bad" | "other";

export interface Entry {
  readonly seq: number;
  readonly kind: Kind;
  /** Bytes of the envelope as the room is told them; its real text is short, so that runs are fast. */
  readonly bytes: number;
}

export class ModelStream {
  readonly epoch: string;
  /** Its identity to the broker, from which the relay makes the epoch. */
  readonly created: string;
  readonly #entries: Entry[] = [];
  /** For each seq, the next match above it; null while there is none. Index 0 is the start of the stream. */
  readonly #next: (number | null)[] = [null];
  /** For each seq, how many messages up to it are on the subject. */
  readonly #onSubject: number[] = [0];
  firstSeq = 1;
  /** What it takes: the room's own subject, and another. */
  readonly subjects = ["s", "other"];

  constructor(created: string) {
    this.created = created;
    this.epoch = epochOf(STREAM, created);
  }

  /** As `Head.floor`. */
  get floor(): number {
    return this.firstSeq;
  }

  get lastSeq(): number {
    return this.#entries.length;
  }

  publish(kind: Kind, bytes: number): Entry {
    const entry = { seq: this.lastSeq + 1, kind, bytes };
    if (kind === "match") {
      for (let seq = this.lastSeq; seq >= 0 && this.#next[seq] === null; seq--) this.#next[seq] = entry.seq;
    }
    this.#onSubject.push((this.#onSubject.at(-1) ?? 0) + (kind === "other" ? 0 : 1));
    this.#entries.push(entry);
    this.#next.push(null);
    return entry;
  }

  /** Retention removes the oldest. */
  remove(count: number): void {
    this.firstSeq = Math.min(this.lastSeq + 1, this.firstSeq + count);
  }

  entry(seq: number): Entry | undefined {
    return this.#entries[seq - 1];
  }

  /** How many messages a consumer that is at `seq` still has to deliver. */
  pending(seq: number): number {
    return (this.#onSubject.at(-1) ?? 0) - (this.#onSubject[seq] ?? 0);
  }

  /** The first match above `seq`, removed or not; Infinity when there is none. */
  nextMatch(seq: number): number {
    return this.#next[seq] ?? Infinity;
  }
}

/** As the model's broker says it: in one subject, each a nanosecond after the last. */
export function envelopeOf({ seq, bytes }: Entry): Envelope {
  return { seq, text: `{"seq":${seq},"event":{"n":${seq}}}`, bytes, subject: "s", timeMs: 0, timeNanos: seq };
}

/** A payload of which the relay makes an envelope of just `entry.bytes` bytes, or none. */
export function textOf(entry: Entry, epoch: string): string {
  if (entry.kind === "bad") return "{";
  const start = `{"n":${entry.seq},"epoch":"${epoch}","pad":"`;
  const envelopeBytes = `{"seq":${entry.seq},"event":}`.length + start.length + 2;
  return `${start}${"x".repeat(Math.max(0, entry.bytes - envelopeBytes))}"}`;
}
