/** Several rooms of one isolate with clients of every kind, and what of their bytes is truly unread (B5 to B7). */
import type { CloseName } from "../../../src/protocol/codes.ts";
import { V2, type Protocol } from "../../../src/protocol/subprotocol.ts";
import { Fanout } from "../../../src/room/delivery/fanout.ts";
import { ackBytesOf, unprovenBytes } from "../../../src/room/delivery/flow-control.ts";
import type { Session, Socket } from "../../../src/room/delivery/session.ts";
import { Isolate } from "../../../src/room/isolate/isolate.ts";
import { makeSession } from "./session.ts";

export interface IsolateSetup {
  readonly maxQueuedBytes: number;
  readonly maxUnreadBytes: number;
  readonly sendTimeoutMs: number;
}

const HEARTBEAT_MS = 1_000;

/** A client: `reads` and acknowledges as V9 says, or takes nothing at all. */
export class IsolateClient implements Socket {
  readonly session: Session;
  readonly room: IsolateRoom;
  reads: boolean;
  sentBytes = 0;
  heartbeats = 0;
  events = 0;
  pingAtMs: number | null = null;
  closed: CloseName | "gone" | null = null;
  /** What it was told, in order of its frames' types. */
  readonly said: string[] = [];
  #due = false;
  #sincePingBytes = 0;

  constructor(room: IsolateRoom, protocol: Protocol, grantId: string, reads: boolean) {
    this.room = room;
    this.reads = reads;
    const phase = { kind: "lagging" as const, cursor: room.fanout.cursor, readTo: room.fanout.cursor };
    this.session = makeSession({ socket: this, protocol, grantId, phase, lastFrameAtMs: room.bench.nowMs });
  }

  send(text: string): void {
    this.sentBytes += text.length;
    this.#sincePingBytes += text.length;
    const { type } = JSON.parse(text.length > 200 ? `{"type":"events"}` : text) as { type?: string };
    this.said.push(type ?? "event");
    if (type === "heartbeat") this.heartbeats += 1;
    else this.events += 1;
    this.#due ||= type === "heartbeat" || this.#sincePingBytes >= this.room.bench.ackBytes;
  }

  close(): void {}

  /** Everything that came is read, and acknowledged where that is due: stop-and-wait costs nothing here, pong is there at once. */
  read(): void {
    if (!this.reads || !this.#due || this.session.protocol !== V2) return;
    this.pingAtMs = this.room.bench.nowMs;
    this.#due = false;
    this.#sincePingBytes = 0;
  }
}

export class IsolateRoom {
  readonly bench: IsolateBench;
  readonly fanout: Fanout;
  readonly clients = new Map<Session, IsolateClient>();
  #seq = 0;

  constructor(bench: IsolateBench, id: string) {
    this.bench = bench;
    const { maxQueuedBytes, maxUnreadBytes, sendTimeoutMs } = bench.setup;
    this.fanout = new Fanout(0, "e", {
      isolate: bench.isolate,
      id,
      windowBytes: 4 * 1024 * 1024,
      heartbeatMs: HEARTBEAT_MS,
      sendTimeoutMs,
      maxUnreadBytes,
      maxUnprovenBytes: 32 * 1024 * 1024,
      maxQueuedBytes,
      ackBytes: bench.ackBytes,
      pingAtMs: (session) => this.clients.get(session)?.pingAtMs ?? null,
      wallMs: () => bench.nowMs,
      upstream: () => "connected",
      onGone: (session, close) => this.#onGone(session, close),
      onPoison: () => {},
    });
    this.fanout.setAtHead(true, bench.nowMs);
  }

  join(protocol: Protocol, grantId: string, reads: boolean): IsolateClient {
    const client = new IsolateClient(this, protocol, grantId, reads);
    this.clients.set(client.session, client);
    this.bench.clients.push(client);
    this.fanout.join(client.session, this.bench.nowMs);
    return client;
  }

  publish(bytes: number): void {
    const text = `{"seq":${++this.#seq},"event":"${"x".repeat(bytes)}"}`;
    this.fanout.receive({ seq: this.#seq, text, bytes: text.length, subject: "s", timeMs: 0, timeNanos: 0 });
    this.fanout.flush(this.bench.nowMs);
  }

  /** What the catch-up loop does at each of its turns. */
  serve(): void {
    const { nowMs } = this.bench;
    this.fanout.closeOverdue(nowMs);
    const ready = [...this.fanout.lagging].filter((session) => this.fanout.waitMs(session, nowMs) === 0);
    this.fanout.flush(nowMs);
    for (const session of ready) this.fanout.serve(session, nowMs);
  }

  #onGone(session: Session, close: CloseName | null): void {
    const client = this.clients.get(session);
    this.clients.delete(session);
    if (client === undefined) return;
    client.closed = close ?? "gone";
    if (client.reads) this.fanout.unread.drained(client);
  }
}

export class IsolateBench {
  readonly setup: IsolateSetup;
  readonly isolate = new Isolate();
  readonly clients: IsolateClient[] = [];
  nowMs = 1_000_000;
  #beatAtMs = 0;

  constructor(setup: IsolateSetup) {
    this.setup = setup;
  }

  get ackBytes(): number {
    return ackBytesOf(this.setup);
  }

  room(id: string): IsolateRoom {
    return new IsolateRoom(this, id);
  }

  /** Time passes: readers read, rooms look after their lagging clients, and hearts beat. */
  run(ms: number, rooms: readonly IsolateRoom[], stepMs = 5): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += stepMs;
      for (const client of this.clients) if (client.closed === null) client.read();
      this.nowMs += 1;
      for (const room of rooms) room.serve();
      if (this.nowMs < this.#beatAtMs) continue;
      this.#beatAtMs = this.nowMs + HEARTBEAT_MS;
      for (const room of rooms) room.fanout.heartbeat(room.fanout.cursor, "connected", this.nowMs);
    }
  }

  /** The sums as the sockets of these rooms have them. */
  sums(rooms: readonly IsolateRoom[]): { v1Bytes: number; v2Bytes: number; sessions: number } {
    const sums = { v1Bytes: 0, v2Bytes: 0, sessions: 0 };
    for (const { fanout } of rooms) {
      for (const { protocol, flow } of fanout.sessions) {
        sums[protocol === V2 ? "v2Bytes" : "v1Bytes"] += unprovenBytes(flow);
        sums.sessions += 1;
      }
    }
    return sums;
  }
}
