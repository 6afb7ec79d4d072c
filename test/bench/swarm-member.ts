/** One counting client: a TCP connection that upgrades by hand and looks at no more than it must. */
import { connect, type Socket } from "node:net";
import { Pinger } from "../support/wire/pinger.ts";
import { isNats, NATS_PONG, natsConsumer, natsHello, PING, PONG_BYTES, upgrade } from "./dialect.ts";
import { FrameReader, type FrameSink } from "./frame-reader.ts";
import { MarkScanner } from "./mark-scanner.ts";
import type { Dial } from "./swarm-messages.ts";

/** Shared by all sockets: libuv reads and calls back in one breath, and nothing is kept of it. */
const shared = Buffer.allocUnsafeSlow(256 * 1024);

const CLOSE = 8;
const TEXT = 1;
/** No event is as short as this; heartbeats and the like are, and ask for a ping (V9). */
const SHORT_FRAME_BYTES = 128;

export interface SwarmMember {
  /** Stops reading once it is open, and does not count. */
  readonly wedged: boolean;
  /** Events received. */
  marks: number;
  readonly state: "opening" | "open" | "closed";
  readonly closeCode: number;
  /** Ends the connection without a word to the host. */
  reset(): void;
  unwedge(): void;
}

export interface MemberHost {
  opened(): void;
  /** The upgrade was refused, or the connection failed before it. */
  refused(member: SwarmMember): void;
  closed(member: SwarmMember): void;
  marks(member: SwarmMember, found: number): void;
  /** Present when marks are times. */
  readonly onMark: ((value: number) => void) | undefined;
}

let made = 0;

export class Member implements FrameSink, SwarmMember {
  readonly dial: Dial;
  readonly wedged: boolean;
  marks = 0;
  state: SwarmMember["state"] = "opening";
  closeCode = 1006;
  readonly #host: MemberHost;
  readonly #socket: Socket;
  readonly #frames = new FrameReader(this);
  readonly #scanner = new MarkScanner();
  readonly #inbox = `_INBOX.bench${process.pid}.${made++}`;
  #head: string | null = "";
  #opcode = 0;
  #length = 0;
  #closeBytes = 0;
  readonly #pinger: Pinger;
  #isHeartbeat = false;
  #stuck = false;

  constructor(dial: Dial, wedged: boolean, host: MemberHost) {
    this.dial = dial;
    this.wedged = wedged;
    this.#host = host;
    this.#pinger = new Pinger(dial.pingBytes, dial.pingBytes > 0 && !isNats(dial), dial.dialect === "v2");
    const onread = { buffer: shared, callback: (size: number) => this.#read(size) };
    this.#socket = connect({ port: dial.port, host: "127.0.0.1", noDelay: true, onread });
    this.#socket.on("connect", () => this.#socket.write(upgrade(dial)));
    this.#socket.on("error", ignore);
    this.#socket.on("close", () => this.#end());
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Stops reading: the kernel's buffers fill, then the server's. */
  wedge(): void {
    this.#stuck = true;
    this.#socket.pause();
  }

  unwedge(): void {
    this.#stuck = false;
    this.#socket.resume();
  }

  /** A frame begins. */
  frame(opcode: number, length: number): void {
    this.#opcode = opcode;
    this.#length = length;
    if (opcode === CLOSE) this.closeCode = length >= 2 ? 0 : 1005;
    if (this.dial.dialect === "v2" && opcode === TEXT && length > PONG_BYTES && length < SHORT_FRAME_BYTES) {
      this.#isHeartbeat = true;
    }
  }

  payload(chunk: Buffer, from: number, to: number): void {
    if (this.#opcode === CLOSE) return this.#readClose(chunk, from, to);
    if (isNats(this.dial)) this.#answerNats(chunk, from, to);
    else if (this.#length === PONG_BYTES) this.#say(this.#pinger.onPong() === true);
    else if (this.state === "opening" && this.dial.dialect === "v2") this.#opened();
    const found = this.#scanner.scan(chunk, from, to, this.#host.onMark);
    if (found === 0) return;
    this.marks += found;
    this.#host.marks(this, found);
  }

  #read(size: number): boolean {
    if (this.#head === null) this.#feed(0, size);
    else this.#readHead(size);
    return !this.#stuck;
  }

  #feed(from: number, to: number): void {
    this.#frames.feed(shared, from, to);
    this.#say(this.#pinger.onBytes(to - from, this.#isHeartbeat));
    this.#isHeartbeat = false;
  }

  #say(isDue: boolean): void {
    if (isDue) this.#socket.write(PING);
  }

  #readHead(size: number): void {
    const before = this.#head?.length ?? 0;
    const head = this.#head + shared.toString("latin1", 0, size);
    const end = head.indexOf("\r\n\r\n");
    this.#head = end < 0 ? head : null;
    if (end < 0) return;
    if (!head.startsWith("HTTP/1.1 101")) return void this.#socket.destroy();
    if (isNats(this.dial)) this.#socket.write(natsHello(this.dial, this.#inbox));
    else if (this.dial.dialect === "v1") this.#opened();
    const from = end + 4 - before;
    if (from < size) this.#feed(from, size);
  }

  /** A PING between two messages of one frame goes unanswered: the broker forgives two, four minutes in all. */
  #answerNats(chunk: Buffer, from: number, to: number): void {
    const first = chunk[from];
    if (first === 0x50 && chunk[from + 1] === 0x49) this.#socket.write(NATS_PONG);
    if (this.state !== "opening" || !chunk.toString("latin1", from, to).includes("PONG")) return;
    if (this.dial.dialect === "push") this.#socket.write(natsConsumer(this.dial, this.#inbox));
    this.#opened();
  }

  #readClose(chunk: Buffer, from: number, to: number): void {
    for (let at = from; at < to && this.#closeBytes < 2; at += 1, this.#closeBytes += 1) {
      this.closeCode = this.closeCode * 256 + (chunk[at] as number);
    }
    this.#socket.destroySoon();
  }

  #opened(): void {
    this.state = "open";
    if (this.wedged) this.wedge();
    this.#host.opened();
  }

  #end(): void {
    const before = this.state;
    this.state = "closed";
    if (before === "opening" && this.closeCode === 1006) this.#host.refused(this);
    else this.#host.closed(this);
  }
}

/** "close" follows and does the work. */
function ignore(): void {}
