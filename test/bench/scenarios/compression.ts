/** What permessage-deflate saves and costs: the same relay with COMPRESSION off and on, to clients that offer it. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { Pinger } from "../../support/wire/pinger.ts";
import { PONG_BYTES } from "../dialect.ts";
import { FIRST_MARK } from "../event-template.ts";
import { TOKEN } from "../ground.ts";
import type { Bench, Section } from "../section.ts";
import { openSide } from "../side.ts";
import { median } from "../stats.ts";
import { bytes, short, times } from "../table.ts";
import { cpuSeconds, residentBytes } from "../usage.ts";

const CLIENTS = 100;
const EVENTS = 2_000;
const PER_SECOND = 500;
const BYTES = 300;
const DRAIN_MS = 10_000;
const ACK_BYTES = 256 * 1024;
const MODES = ["off", "on"] as const;
type Mode = (typeof MODES)[number];

interface Pass {
  readonly wireBytes: number;
  readonly micros: number;
  readonly residentBytes: number;
  readonly missing: number;
}

/** A v2 client by the library most servers in Node use; inflates, counts, and acknowledges. */
class Reader {
  events = 0;
  readonly #socket: WebSocket;
  readonly #pinger = new Pinger(ACK_BYTES);

  constructor(port: number, subject: string) {
    const url = `ws://127.0.0.1:${port}/ws/events?subject=${subject}`;
    this.#socket = new WebSocket(url, ["cellos.relay.v2"], { headers: { authorization: `Bearer ${TOKEN}` } });
    this.#socket.on("message", (data: Buffer) => this.#read(data));
  }

  async open(): Promise<void> {
    await once(this.#socket, "open");
  }

  /** What came over the wire so far. */
  get wireBytes(): number {
    return (this.#socket as unknown as { readonly _socket: Socket })._socket.bytesRead;
  }

  close(): void {
    this.#socket.terminate();
  }

  #read(data: Buffer): void {
    for (let at = data.indexOf('"mark":'); at >= 0; at = data.indexOf('"mark":', at + 1)) this.events += 1;
    const isPong = data.length === PONG_BYTES;
    const isDue = isPong ? this.#pinger.onPong() : this.#pinger.onBytes(data.length, false);
    if (isDue === true) this.#socket.send("ping");
  }
}

export async function compression(bench: Bench): Promise<Section> {
  const { ground, rounds, log } = bench;
  const passes = new Map<Mode, Pass[]>(MODES.map((mode) => [mode, []]));
  const relays = new Map<Mode, { readonly port: number; readonly pid: number }>();
  for (const mode of MODES) relays.set(mode, await ground.relayWith({ COMPRESSION: mode }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [mode, relay] of relays) {
      const done = await pass(bench, relay);
      passes.get(mode)?.push(done);
      log(`${mode}: ${short(done.wireBytes)} B and ${short(done.micros)} µs a delivery`);
    }
  }
  const of = (mode: Mode, pick: (done: Pass) => number): number => median((passes.get(mode) ?? []).map(pick));
  const rows = MODES.map((mode) => [
    mode,
    short(of(mode, ({ wireBytes }) => wireBytes)),
    short(of(mode, ({ micros }) => micros)),
    bytes(passes.get(mode)?.[0]?.residentBytes ?? Number.NaN),
    String((passes.get(mode) ?? []).reduce((sum, { missing }) => sum + missing, 0)),
  ]);
  const claim = (what: string, pick: (done: Pass) => number, unit: string) => ({
    inSummary: true,
    what,
    relay: `on ${short(of("on", pick))} ${unit}`,
    other: `off ${short(of("off", pick))} ${unit}`,
    ratio: times(of("on", pick), of("off", pick)),
  });
  return {
    title: "Compression",
    notes: [
      `${CLIENTS} v2 clients that offer permessage-deflate, ${PER_SECOND} events/s of ${BYTES} B that differ in little but their number. Memory is what the first round added, for each client, its frames under way included. The default is off, because of that memory: for a thousand clients the difference is more than an isolate has.`,
    ],
    tables: [{ head: ["COMPRESSION", "bytes a delivery", "server CPU µs a delivery", "memory each", "missing"], rows }],
    claims: [
      claim("bytes a delivery with COMPRESSION", ({ wireBytes }) => wireBytes, "B"),
      claim("server CPU a delivery with COMPRESSION", ({ micros }) => micros, "µs"),
    ],
  };
}

async function pass(
  { ground, quick }: Bench,
  { port, pid }: { readonly port: number; readonly pid: number },
): Promise<Pass> {
  const clients = quick ? 5 : CLIENTS;
  const events = quick ? 100 : EVENTS;
  const subject = ground.newSubject();
  const startBytes = residentBytes(pid);
  const readers = Array.from({ length: clients }, () => new Reader(port, subject));
  try {
    await Promise.all(readers.map((reader) => reader.open()));
    await delay(300);
    const wire = readers.map(({ wireBytes }) => wireBytes);
    const before = cpuSeconds([pid]);
    const source = (await openSide(ground, "v2")).source(subject, BYTES);
    for (let sent = 0; sent < events; sent += 1) {
      await source.send([FIRST_MARK + sent]);
      await delay(1_000 / PER_SECOND);
    }
    const deadline = Date.now() + DRAIN_MS;
    while (readers.some((reader) => reader.events < events) && Date.now() < deadline) await delay(20);
    const got = readers.reduce((sum, reader) => sum + reader.events, 0);
    const wireBytes = readers.reduce((sum, reader, index) => sum + reader.wireBytes - (wire[index] ?? 0), 0);
    return {
      wireBytes: wireBytes / got,
      micros: ((cpuSeconds([pid]) - before) * 1e6) / got,
      residentBytes: (residentBytes(pid) - startBytes) / clients,
      missing: clients * events - got,
    };
  } finally {
    for (const reader of readers) reader.close();
  }
}
