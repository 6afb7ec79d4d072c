/**
 * Clients that ask for what is not there: a seq that has not come yet, another stream's epoch, which are told (W6), and
 * what was removed, which they do not get (W19).
 */
import { ReaderV1 } from "../support/wire/reader-v1.ts";
import { ReaderV2 } from "../support/wire/reader-v2.ts";
import { removedBefore } from "./attempt.ts";
import type { Broker } from "./broker.ts";
import { FORGED_ID } from "./comparable.ts";
import { openConnection, type Closing } from "./connection.ts";
import type { Probe } from "./upheaval-plan.ts";
import { judge } from "./verdict.ts";
import { floorOf, type World } from "./world.ts";

const NO_EPOCH = "0000000000000000";
/** W11 gives an answer 10 s. */
const GIVE_UP_MS = 16_000;
/** What a window has comes at once. */
const LOOK_MS = 2_000;

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
    const since = sinceOf(probe, broker);
    const eras = broker.eras.length;
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
        for (const { seq } of got) this.#forbid({ askedAtMs, eras }, seq, probe);
        // One that the stream has reached meanwhile may be served.
        if (this.#isServed(kind, since)) socket.terminate();
      },
      onEnd: resolve,
    });
    const timer = setTimeout(() => socket.terminate(), kind === "look-back" ? LOOK_MS : GIVE_UP_MS);
    const closing = await promise;
    clearTimeout(timer);
    const now = Date.now();
    const text = `${kind} v${protocol} ${filter} since=${since}, the stream at ${broker.lastAcked}`;
    if (this.#isServed(kind, since) || (kind === "look-back" && now - askedAtMs >= LOOK_MS)) return;
    if (events > 0 && kind !== "look-back") this.wrong.push(`${text}: got ${events} events`);
    const wrong = this.#verdict(closing, reader, askedAtMs, now);
    if (wrong !== null && !upheavals.overlaps(askedAtMs, now)) this.wrong.push(`${text}: ${wrong}`);
  }

  #forbid(asked: Parameters<typeof removedBefore>[0], seq: number, { kind, protocol, filter }: Probe): void {
    const wrong = removedBefore(asked, seq, this.#world);
    if (wrong !== null) this.wrong.push(`${kind} v${protocol} ${filter}: ${wrong}`);
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

function sinceOf(probe: Probe, { lastAcked, era }: Broker): number {
  switch (probe.kind) {
    case "join-ahead":
      return lastAcked + probe.ahead;
    case "wrong-epoch":
      return Math.floor(lastAcked * probe.fraction);
    case "look-back":
      return Math.max(0, (era.removals.at(-1)?.lastSeq ?? lastAcked) - probe.back);
  }
}
