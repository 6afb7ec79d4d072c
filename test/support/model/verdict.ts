/** Whether a client of the whole room was closed for a reason, and heard something often enough. */
import type { CloseName } from "../../../src/protocol/codes.ts";
import { V1, V2 } from "../../../src/protocol/subprotocol.ts";
import { statusOf } from "../../../src/room/status.ts";
import type { Phase } from "../../../src/room/delivery/session.ts";
import { farewellFault } from "./checks.ts";
import type { ModelClient } from "./client.ts";
import type { CoreWorld } from "./core.ts";
import { CORE_HEARTBEAT_MS } from "./core-commands.ts";

/** The model's alarm rings a step late, and again a period after that (DO-15). */
const SLIP_MS = 100;

export interface Departure {
  readonly client: ModelClient;
  readonly phase: Phase;
  readonly close: CloseName | null;
}

export function departureFaults(world: CoreWorld, { client, phase, close }: Departure): string[] {
  const faults = [...client.faults, farewellFault(client, close), unjustified(world, client, phase, close)];
  return faults.filter((fault) => fault !== null).map((fault) => `${client.name}: ${fault}`);
}

function unjustified(world: CoreWorld, client: ModelClient, phase: Phase, close: CloseName | null): string | null {
  const { clock, broker, config } = world;
  switch (close) {
    case null:
      return client.left ? null : "left on its own";
    case "slowConsumer": {
      if (client.protocol !== V2) return "a v1 client that was sent less than 4 MiB";
      const owedMs = client.owedSinceMs === null ? 0 : clock.nowMs - client.owedSinceMs;
      return owedMs > config.sendTimeoutMs ? null : `slow after ${owedMs} ms`;
    }
    case "streamReset":
      return client.stream === broker.stream ? "no reset" : null;
    case "retentionExhausted": {
      const has = Math.max(client.reading.cursor ?? 0, phase.kind === "lagging" ? phase.readTo : 0);
      if (client.stream !== broker.stream) return null;
      return has < client.stream.firstSeq - 1 ? null : `has up to ${has}, oldest is ${client.stream.firstSeq}`;
    }
    default:
      return `closed as ${close}`;
  }
}

/** O4: what the room tells of itself is what is known from outside. */
export function statusFaults({ core, clients }: CoreWorld): string[] {
  const { room } = statusOf({ region: "r", shard: 0, startedAtMs: 0, wasAsleep: false, ...core.facts() });
  const v1 = [...clients.values()].filter(({ protocol }) => protocol === V1).length;
  const isCounted = room.clients.v1 === v1 && room.clients.v1 + room.clients.v2 === clients.size;
  const isOnce = room.live + room.replaying + room.paused === clients.size;
  const isInOrder = (room.window.from ?? 0) <= (room.cursor ?? 0) && (room.cursor ?? 0) <= (room.position ?? 0);
  const isFed = (room.state === "live") === (core.feed?.state === "open");
  return isCounted && isOnce && isInOrder && isFed ? [] : [`status of ${clients.size}: ${JSON.stringify(room)}`];
}

/** W8: nobody who reads hears nothing for more than 1.5 periods. */
export function quietFaults(world: CoreWorld): string[] {
  const faults: string[] = [];
  for (const client of world.clients.values()) {
    const silentMs = world.clock.nowMs - client.lastReadMs;
    if (!world.stalled.has(client) && silentMs > CORE_HEARTBEAT_MS * 1.5 + SLIP_MS)
      faults.push(`${client.name}: silent for ${silentMs} ms`);
  }
  return faults;
}
