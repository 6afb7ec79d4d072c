/**
 * EFFECTS: one socket for several pages that want the same: a small room (V10). Every page has its place in a window of recent
 * frames; it is sent what lies between that and the end, as far as it handles what it is sent. The socket acknowledges
 * what the fastest page has handled.
 *
 * A page may start between two frames: its `welcome` then names the cursor before the first, and the page drops
 * what it has already (`accept.ts`).
 */
import { CLOSE } from "../../protocol/codes.ts";
import { accept, type Accepted, type Position } from "../wire/accept.ts";
import type { UpstreamHealth } from "../../protocol/frames.ts";
import { withoutNested } from "../wire/depth.ts";
import { RelayError } from "../wire/error.ts";
import { readFrame, type Frame, type Welcome } from "../wire/frame.ts";
import type { Line, OpenLine } from "../wire/line.ts";
import type { ToPage } from "./messages.ts";

/** Where a page starts; null: now. */
export interface StartPoint {
  readonly since: number | null;
  readonly epoch: string | null;
}

/** One page in the hub. */
export interface Member {
  readonly post: (message: ToPage) => void;
  place: StartPoint;
  /** What it had when it came, which may be more than the hub has. */
  readonly had: number;
  /** Index of the next frame it is sent. */
  next: number;
  /** What it was sent and has not handled, oldest first. */
  readonly unread: { index: number; readonly chars: number }[];
  unreadChars: number;
}

export interface HubHost {
  readonly open: OpenLine;
  /** The hub has moved, or is closed. */
  onChange(): void;
}

interface Entry {
  readonly type: Frame["type"];
  readonly text: string;
  readonly prev: number;
  readonly cursor: number;
}

/** Enough for a page that reloads, little enough for a worker. */
const WINDOW_CHARS = 2 * 1024 * 1024;
const UNREAD_CHARS = 1024 * 1024;
const SLACK_MS = 60_000;
/** A page that gets no answer to its token gives the connection up then. */
const ANSWER_MS = 10_000;

export class Hub {
  readonly members = new Set<Member>();
  readonly #host: HubHost;
  readonly #line: Line;
  #opener: Member | null;
  #welcome: Welcome | null = null;
  #upstream: UpstreamHealth | undefined;
  #pace: "opening" | "replaying" | "live" | "closed" = "opening";
  #position: Position = {};
  #entries: Entry[] = [];
  /** Index of the first entry, and of the first that no page has handled. */
  #base = 0;
  #acked = 0;
  #chars = 0;
  #heardMs = 0;
  #endsAtMs: number | null | undefined;
  #renewsUntilMs = 0;

  constructor(url: URL, protocols: readonly string[], opener: Member, host: HubHost) {
    this.#host = host;
    this.#opener = opener;
    this.#line = host.open(url, protocols, {
      opened: () => this.#opener?.post("opened"),
      received: (text) => this.#received(text),
      closed: (code, reason) => this.#end(code, reason),
    });
  }

  get pace(): "opening" | "replaying" | "live" | "closed" {
    return this.#pace;
  }

  has(member: Member): boolean {
    return this.#opener === member || this.members.has(member);
  }

  /** Whether a page that starts there misses nothing here. */
  covers({ since, epoch }: StartPoint, nowMs: number): boolean {
    const welcome = this.#welcome;
    if (welcome === null || this.#pace === "closed" || (epoch !== null && epoch !== welcome.epoch)) return false;
    if (nowMs - this.#heardMs > welcome.heartbeatMs * 1.5 + SLACK_MS) return false;
    if (since === null) return this.#pace === "live";
    const isAhead = since > this.#cursor;
    return since >= this.#floor && (!isAhead || (this.#pace === "replaying" && epoch !== null));
  }

  /** A page whose place is covered. */
  add(member: Member): void {
    const welcome = this.#welcome;
    if (welcome === null) return;
    const since = member.place.since ?? this.#cursor;
    const ahead = this.#entries.findIndex((entry) => entry.cursor > since);
    const cursor = this.#entries[ahead]?.prev ?? this.#cursor;
    member.next = this.#base + (ahead < 0 ? this.#entries.length : ahead);
    member.place = { since: cursor, epoch: welcome.epoch };
    this.members.add(member);
    this.#send(
      member,
      -1,
      JSON.stringify({
        ...withoutNested(welcome),
        ...this.#expiry,
        cursor,
        live: this.#pace === "live",
        upstream: this.#upstream,
      }),
    );
    this.#acknowledge(member.next);
    this.#serve(member);
  }

  /** A token. Pages of a hub have those of one holder (`keyOf`), so the first renews for all; the others are told its answer. */
  send(text: string): void {
    const nowMs = performance.now();
    if (this.#welcome === null || this.#pace === "closed" || nowMs < this.#renewsUntilMs) return;
    this.#renewsUntilMs = nowMs + ANSWER_MS;
    this.#line.send(text);
  }

  /** The page has handled the oldest of what it was sent. */
  handled(member: Member): void {
    const done = member.unread.shift();
    if (done === undefined) return;
    member.unreadChars -= done.chars;
    this.#acknowledge(done.index + 1);
    this.#serve(member);
  }

  leave(member: Member): void {
    if (this.#opener === member) this.#opener = null;
    this.members.delete(member);
    if (this.members.size > 0 || this.#opener !== null) return;
    this.#pace = "closed";
    this.#line.close();
    this.#host.onChange();
  }

  /** Every page goes on there, and this socket is given up. */
  moveTo(other: Hub): void {
    for (const member of this.members) {
      // What it was sent here says nothing about the other socket.
      for (const sent of member.unread) sent.index = -1;
      other.add(member);
    }
    this.members.clear();
    this.#pace = "closed";
    this.#line.close();
  }

  get #cursor(): number {
    return this.#position.chain ?? 0;
  }

  get #floor(): number {
    return this.#entries[0]?.prev ?? this.#cursor;
  }

  #received(text: string): void {
    this.#heardMs = Date.now();
    let frame: Frame;
    let accepted: Accepted;
    try {
      frame = readFrame(text, JSON.parse);
      accepted = accept(this.#position, frame);
    } catch {
      return this.#breakOff();
    }
    // Every page would find the gap, and come back to it: only another socket helps.
    if (accepted instanceof RelayError) return this.#breakOff();
    const prev = this.#cursor;
    this.#position = accepted.position;
    if (frame.type === "welcome" || frame.type === "heartbeat") this.#upstream = frame.upstream ?? this.#upstream;
    if (frame.type === "welcome") return this.#begin(frame);
    if (frame.type === "authorized") this.#note(frame.expiresInMs);
    if (frame.type === "problem" || frame.type === "authorized") {
      this.#renewsUntilMs = 0;
      return this.#toAll((member) => this.#send(member, -1, text));
    }
    this.#entries.push({ type: frame.type, text, prev, cursor: this.#cursor });
    this.#chars += text.length;
    this.#acknowledge(this.#acked);
    for (const member of this.members) this.#serve(member);
    if (frame.type === "caught-up") this.#pace = "live";
    this.#host.onChange();
  }

  #breakOff(): void {
    this.#line.close();
    this.#end(1006, "");
  }

  /** What is left of the socket's credential, as its pages are told when they come. */
  get #expiry(): Pick<Welcome, "expiresInMs"> {
    if (typeof this.#endsAtMs !== "number") return this.#endsAtMs === null ? { expiresInMs: null } : {};
    return { expiresInMs: Math.max(0, Math.round(this.#endsAtMs - performance.now())) };
  }

  #note(expiresInMs: number | null | undefined): void {
    this.#endsAtMs = typeof expiresInMs === "number" ? performance.now() + expiresInMs : expiresInMs;
  }

  #begin(welcome: Welcome): void {
    this.#welcome = welcome;
    this.#note(welcome.expiresInMs);
    this.#pace = welcome.live ? "live" : "replaying";
    const opener = this.#opener;
    this.#opener = null;
    if (opener !== null) this.add(opener);
    this.#host.onChange();
  }

  /** Sends a page what it can take. One that has fallen out of the window resumes by itself. */
  #serve(member: Member): void {
    while (member.unreadChars < UNREAD_CHARS) {
      const entry = this.#entries[member.next - this.#base];
      if (entry === undefined) break;
      if (entry.type !== "pong") this.#send(member, member.next, entry.text);
      member.place = { ...member.place, since: entry.cursor };
      member.next += 1;
    }
  }

  #send(member: Member, index: number, text: string): void {
    member.unread.push({ index, chars: text.length });
    member.unreadChars += text.length;
    member.post({ text });
  }

  /** Some page has handled everything below `index`: the relay may send more, and the window may shrink. */
  #acknowledge(index: number): void {
    for (;;) {
      const entry = this.#entries[this.#acked - this.#base];
      if (entry === undefined || (this.#acked >= index && entry.type !== "pong")) break;
      this.#acked += 1;
      this.#line.consumed(entry.type, entry.text, this.#welcome?.ackBytes ?? Infinity);
    }
    while (this.#chars > WINDOW_CHARS && this.#base < this.#acked) {
      this.#chars -= this.#entries.shift()?.text.length ?? 0;
      this.#base += 1;
      for (const member of this.members) if (member.next < this.#base) this.#part(member, CLOSE.slowConsumer);
    }
  }

  #part(member: Member, { code, reason }: { readonly code: number; readonly reason: string }): void {
    this.members.delete(member);
    member.post({ code, reason });
  }

  #end(code: number, reason: string): void {
    this.#pace = "closed";
    const isGone = reason === CLOSE.retentionExhausted.reason;
    for (const member of this.members) {
      // What is gone for this socket is still there for a page that is ahead of it: that one resumes by itself.
      if (isGone && member.had > this.#cursor) this.#part(member, { code: 1006, reason: "" });
    }
    this.#toAll((member) => this.#part(member, { code, reason }));
    this.#opener = null;
    this.#host.onChange();
  }

  #toAll(run: (member: Member) => void): void {
    if (this.#opener !== null) run(this.#opener);
    for (const member of this.members) run(member);
  }
}
