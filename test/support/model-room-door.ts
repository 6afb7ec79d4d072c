/** Stands in for src/upstream/link.ts, the door to NATS: vi.mock it with this module, and the room dials the model's broker. */
import { vi } from "vitest";
import { LineBudget } from "../../src/shared/line-budget.ts";
import type { BrokerConnection } from "../../src/upstream/connection.ts";
import { ModelBroker } from "./model-room-broker.ts";
import { ModelClock } from "./model-room-clock.ts";
import { collectGarbage, installCollector } from "./model-room-collector.ts";
import { CoreWorld } from "./model-room-core.ts";
import { ModelStream } from "./model-room-stream.ts";

const CONNECT_MS = 5;
let broker: ModelBroker | null = null;

export async function openConnection(_settings: unknown, _name: string, onClosed: (why: string) => void): Promise<BrokerConnection> {
  await new Promise((resolve) => setTimeout(resolve, CONNECT_MS));
  if (broker === null) throw new Error("no world was made");
  return broker.open(onClosed);
}

/** A room, its broker and a clock, until `leaveWorld`. */
export function newWorld(settings: Readonly<Record<string, string>>): CoreWorld {
  leaveWorld();
  const clock = new ModelClock();
  clock.install();
  installCollector();
  collectGarbage();
  vi.spyOn(console, "log").mockImplementation(() => {});
  // Lines left out are told by a timer (log.ts), and here every timer is the room's.
  vi.spyOn(LineBudget.prototype, "take").mockReturnValue(true);
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  broker = new ModelBroker(clock, new ModelStream("created"));
  return new CoreWorld(clock, broker, settings);
}

export function leaveWorld(): void {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
}
