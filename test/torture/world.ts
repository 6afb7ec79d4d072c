/** What all clients of a run share. */
import type { Broker } from "./broker.ts";
import type { Outages } from "./outages.ts";
import type { Plan } from "./plan.ts";

export interface World {
  readonly plan: Plan;
  readonly broker: Broker;
  /** The broker could not be reached by the relay. */
  readonly brokerOut: Outages;
  /** The relay was being replaced. */
  readonly relayOut: Outages;
  readonly wsUrl: string;
  readonly token: string;
  readonly startedAtMs: number;
}

/** The highest first seq that the stream can have had by now; 0 when nothing is ever removed. */
export function floorOf({ plan: { maxMessages }, broker }: World): number {
  return maxMessages === null ? 0 : broker.lastAcked + broker.inFlight + broker.failed - maxMessages + 1;
}
