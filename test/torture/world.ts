/** What all clients of a run share. */
import type { Closing } from "./connection.ts";
import type { Broker } from "./broker.ts";
import type { Outages } from "./outages.ts";
import type { Plan } from "./plan.ts";

export interface World {
  readonly plan: Plan;
  readonly broker: Broker;
  /** The broker could not be reached by the relay. */
  readonly brokerOut: Outages;
  /** The broker was there, and the stream was not. */
  readonly streamOut: Outages;
  /** The stream became another: created anew, or restored from a backup. */
  readonly upheavals: Outages;
  /** Of these, the times it was created anew: everybody must be told. */
  readonly recreations: Outages;
  /** The relay was being replaced. */
  readonly relayOut: Outages;
  readonly wsUrl: string;
  readonly token: string;
  readonly startedAtMs: number;
  /** Hears of every end of a plain client's connection but those of its own making. */
  readonly onEnd?: (closing: Closing) => void;
}

/** The highest first seq that the stream can have had by now; 0 when nothing is ever removed. */
export function floorOf({ plan: { maxMessages }, broker }: World): number {
  const { lastAcked, inFlight, failed, floor } = broker;
  return Math.max(floor, maxMessages === null ? 0 : lastAcked + inFlight + failed - maxMessages + 1);
}
