/** Clients that ask for what no stream has: a seq that is not there yet, or another stream's epoch. Each is told (W6). */
import { ReaderV1 } from "../support/wire/reader-v1.ts";
import { ReaderV2 } from "../support/wire/reader-v2.ts";
import { FORGED_ID } from "./comparable.ts";
import { openConnection, type Closing } from "./connection.ts";
import type { Probe } from "./upheaval-plan.ts";
import { judge } from "./verdict.ts";
import { floorOf, type World } from "./world.ts";

const NO_EPOCH = "0000000000000000";
/** W11 gives an answer 10 s. */
const GIVE_UP_MS = 16_000;

export class Probes {
  made = 0;
  /** What was wrong with any of them. */
  readonly wrong: string[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async send(probe: Probe): Promise<void> {
    const { broker, wsUrl, token, upheavals } = this.#world;
    const { kind, protocol, filter } = probe;
    this.made += 1;
    const askedAtMs = Date.now();
    const since =
      kind === "join-ahead" ? broker.lastAcked + probe.ahead : Math.floor(broker.lastAcked * probe.fraction);
    const asked = { since, epoch: kind === "wrong-epoch" ? NO_EPOCH : null };
    const known = { isForged: (id: string) => id.startsWith(FORGED_ID) };
    const reader = protocol === 1 ? new ReaderV1(asked, known) : new ReaderV2(asked, known);
    const query = new URLSearchParams({ subject: filter, since: String(since) });
    if (asked.epoch !== null) query.set("epoch", asked.epoch);
    const { promise, resolve } = Promise.withResolvers<Closing>();
    let events = 0;
    const protocols = protocol === 2 ? ["cellos.relay.v2"] : [];
    const socket = openConnection(`${wsUrl}/ws/events?${query}`, protocols, token, {
      onOpen: () => {},
      onText: (text, bytes) => {
        const { events: got, ping } = reader.read(text, bytes);
        events += got.length;
        if (ping) socket.send("ping");
        // One that the stream has reached meanwhile may be served.
        if (this.#isServed(kind, since)) socket.terminate();
      },
      onEnd: resolve,
    });
    const timer = setTimeout(() => socket.terminate(), GIVE_UP_MS);
    const closing = await promise;
    clearTimeout(timer);
    const now = Date.now();
    const text = `${kind} v${protocol} ${filter} since=${since}, the stream at ${broker.lastAcked}`;
    if (this.#isServed(kind, since)) return;
    if (events > 0) this.wrong.push(`${text}: got ${events} events`);
    const wrong = this.#verdict(closing, reader, askedAtMs, now);
    if (wrong !== null && !upheavals.overlaps(askedAtMs, now)) this.wrong.push(`${text}: ${wrong}`);
  }

  /** A seq that the stream has, or may have, reached. */
  #isServed(kind: Probe["kind"], since: number): boolean {
    const { lastAcked, inFlight, failed } = this.#world.broker;
    return kind === "join-ahead" && lastAcked + inFlight + failed >= since;
  }

  #verdict({ code, reason, status }: Closing, reader: ReaderV1 | ReaderV2, askedAtMs: number, now: number) {
    const { brokerOut, relayOut, streamOut, plan } = this.#world;
    const { problem, cursor, unprovenBytes } = reader;
    const lastedMs = now - askedAtMs;
    if (lastedMs >= GIVE_UP_MS) return `no answer for ${lastedMs} ms`;
    const protocol = reader instanceof ReaderV1 ? 1 : 2;
    const quiet = { own: null, wedgedMs: 0, closingMs: 0, hasSent: false };
    return judge(
      { code, reason, status, protocol, problem, cursor, unprovenBytes, lastedMs, ...quiet },
      {
        brokerOut: brokerOut.overlaps(askedAtMs, now),
        relayOut: relayOut.overlaps(askedAtMs, now),
        streamOut: streamOut.overlaps(askedAtMs, now),
        pathOut: false,
        isAnother: true,
        sendTimeoutMs: plan.sendTimeoutMs,
        floor: floorOf(this.#world),
      },
    );
  }
}
