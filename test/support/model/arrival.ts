/** Clients that come to the model's room, as object.ts lets them in, and what they must be told. */
import { CLOSE } from "../../../src/protocol/codes.ts";
import { healthOf } from "../../../src/room/broker-state.ts";
import { expiryAt, welcomeFrame } from "../../../src/protocol/frames.ts";
import { formOf } from "../../../src/protocol/form.ts";
import { V1, V2 } from "../../../src/protocol/subprotocol.ts";
import type { Admission } from "../../../src/room/join/decision.ts";
import type { PendingJoin } from "../../../src/room/join/pending.ts";
import type { Phase } from "../../../src/room/delivery/session.ts";
import { ModelClient } from "./client.ts";
import type { CoreWorld } from "./core.ts";
import { CORE_HEARTBEAT_MS } from "./core-commands.ts";
import { makeSession } from "./session.ts";
import type { ModelStream } from "./stream.ts";

export interface Arrival {
  readonly name: string;
  readonly atMs: number;
  readonly since: number | null;
  readonly epoch: string | null;
  /** The stream when it came, and its last seq. */
  readonly stream: ModelStream | null;
  readonly lastSeq: number;
}

/** `back`: how far below the stream's last seq the client's cursor is; null for none. */
export function arrive(world: CoreWorld, join: { v2: boolean; back: number | null; epoch: boolean }): void {
  const { stream } = world.broker;
  const lastSeq = stream?.lastSeq ?? 0;
  const since = join.back === null ? null : Math.max(0, lastSeq - join.back);
  const epoch = join.epoch && since !== null ? (stream?.epoch ?? null) : null;
  const protocol = join.v2 ? V2 : V1;
  const name = `client ${++world.born} (${protocol} since=${since})`;
  // Every other one asks where events came from.
  const form = formOf(protocol, world.born % 2 === 0);
  const arrival: Arrival = { name, atMs: world.clock.nowMs, since, epoch, stream, lastSeq };
  world.arrivals.add(arrival);
  const pending = world.core.arrive({ since, epoch });
  const answered = (admission: Admission): void => {
    world.arrivals.delete(arrival);
    if (admission.kind !== "admit") world.core.closeIfEmpty();
    const fault = admissionFault(world, arrival, admission);
    if (fault !== null) world.faults.push(`${name}: ${fault}`);
    const now = world.broker.stream;
    if (admission.kind !== "admit" || now === null) return;
    const { cursor, live, fromOldest } = admission;
    const client = new ModelClient(name, protocol, {
      start: { cursor, live, fromOldest },
      meta: form.meta,
      stream: stream ?? now,
      expiresAtMs: null,
      watch: {
        nowMs: () => world.clock.nowMs,
        wallMs: () => world.clock.wallMs,
        bytesOf: (text) => text.length,
        ackBytes: world.ackBytes,
        maxUnreadBytes: world.config.maxUnreadBytes,
        forgetMs: world.config.sendTimeoutMs,
        v1BudgetBytes: () => Infinity,
      },
    });
    const phase: Phase = { kind: "lagging", cursor, readTo: cursor };
    const lastFrameAtMs = world.clock.runtime.nowMs();
    const session = makeSession({
      socket: client,
      protocol,
      form,
      phase,
      owesCaughtUp: !live,
      fromOldest,
      lastFrameAtMs,
    });
    world.clients.set(session, client);
    const { ackBytes } = world;
    const upstream = healthOf(world.core.feed);
    const expiry = expiryAt(null, 0);
    world.core.enter(session, (told) => {
      // The stream may have been replaced while it waited: the room says which one it is let into.
      client.stream = world.broker.known(told) ?? client.stream;
      return join.v2
        ? welcomeFrame({ epoch: told, cursor, live, heartbeatMs: CORE_HEARTBEAT_MS, ackBytes, upstream, expiry })
        : null;
    });
  };
  void untilAnswered(pending, answered);
}

/** As the room's object does it: what is decided is acted on in the same turn. */
async function untilAnswered(pending: PendingJoin, answered: (admission: Admission) => void): Promise<void> {
  for (;;) {
    const admission = pending.admission();
    if (admission !== null) return answered(admission);
    await pending.change();
  }
}

/** W3 to W6, W11, V6: why the answer to a join is wrong; null when it is right. */
function admissionFault(world: CoreWorld, arrival: Arrival, admission: Admission): string | null {
  const { since, lastSeq, atMs } = arrival;
  const stream = world.broker.stream;
  const sameStream = stream !== null && stream === arrival.stream;
  const waitedMs = world.clock.nowMs - atMs;
  const hadTrouble = world.troubleAtMs >= atMs || stream === null || !world.broker.isUp || !world.broker.isPrompt;
  switch (admission.kind) {
    case "refuse":
      if (!hadTrouble) return `refused: ${CLOSE[admission.close].reason}`;
      if (admission.close === "upstreamUnavailable") return waitedMs < 9_900 ? `gave up after ${waitedMs} ms` : null;
      return admission.close === "subscribeFailed" ? null : admission.close;
    case "lost":
      if (!sameStream) return null;
      if (admission.why === "stream-reset") return "no reset";
      return since !== null && since + 1 < stream.firstSeq ? null : `since ${since}, oldest ${stream.firstSeq}`;
    case "admit":
      if (!sameStream) return null;
      if (admission.cursor > stream.lastSeq) return `admitted at ${admission.cursor} of ${stream.lastSeq}`;
      if (since === null)
        return admission.cursor >= lastSeq && admission.live ? null : `starts at ${admission.cursor}, below ${lastSeq}`;
      if (admission.cursor === since) return null;
      return admission.fromOldest && admission.cursor < stream.firstSeq ? null : `starts at ${admission.cursor}`;
  }
}
