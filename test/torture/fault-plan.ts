/** The faults of a plan. Those of the broker and of the relay follow each other; those of clients come at any time. */
import type { Random } from "../../src/dev/random.ts";
import type { StreamFault } from "./upheaval-plan.ts";

export type Leaving = "terminate" | "close-1000" | "close-4005";

export type Fault =
  | StreamFault
  | ({ readonly atMs: number } & (
      | { readonly kind: "kill" | "refuse" | "blackhole" | "freeze"; readonly forMs: number }
      | { readonly kind: "cut" | "delete-consumers" | "restart-relay" }
      | { readonly kind: "drop"; readonly client: number; readonly how: Leaving; readonly awayMs: number }
      | { readonly kind: "wedge"; readonly client: number; readonly forMs: number }
      /** Everybody of a filter leaves, so that its room closes its upstream, and comes back. */
      | { readonly kind: "vacate"; readonly client: number; readonly awayMs: number }
      /** Everybody is cut off at once. */
      | { readonly kind: "storm"; readonly awayMs: number }
    ));
export type FaultKind = Fault["kind"];

const FIRST_MS = 1_500;
const CLIENT_FAULT_EVERY_MS = 9_000;
const LAST_HEAL_MS = 4_000;

export function planFaults(
  { clients, durationMs }: { readonly clients: number; readonly durationMs: number },
  random: Random,
): Fault[] {
  const faults: Fault[] = [];
  let atMs = FIRST_MS;
  while (atMs < durationMs) {
    const fault = worldFault(atMs, random);
    faults.push(fault);
    atMs += (fault.forMs ?? 0) + random.between(200, 4_500);
  }
  const everyMs = CLIENT_FAULT_EVERY_MS;
  return [...faults, ...planClientFaults({ first: 0, clients, durationMs, everyMs }, random)];
}

/** `everyMs`: how often one client is hit. */
export function planClientFaults(
  {
    first,
    clients,
    durationMs,
    everyMs,
  }: { readonly first: number; readonly clients: number; readonly durationMs: number; readonly everyMs: number },
  random: Random,
): Fault[] {
  return Array.from({ length: Math.round((clients * durationMs) / everyMs) }, () => {
    const atMs = random.between(FIRST_MS, durationMs);
    const fault = clientFault(atMs, first + random.between(0, clients - 1), random);
    // A run may end some time after its last event, and not 20 s later.
    const capMs = durationMs + LAST_HEAL_MS - atMs;
    return fault.kind === "wedge" ? { ...fault, forMs: Math.min(fault.forMs, capMs) } : fault;
  });
}

function worldFault(atMs: number, random: Random): Fault & { readonly forMs?: number } {
  const dice = random.fraction();
  if (dice < 0.2) return { atMs, kind: "kill", forMs: random.between(0, 2_500) };
  if (dice < 0.38) return { atMs, kind: "cut" };
  if (dice < 0.46) return { atMs, kind: "refuse", forMs: random.between(200, 3_000) };
  if (dice < 0.58) return { atMs, kind: "blackhole", forMs: random.between(500, 5_000) };
  if (dice < 0.68) return { atMs, kind: "freeze", forMs: random.between(200, 4_000) };
  if (dice < 0.86) return { atMs, kind: "delete-consumers" };
  if (dice < 0.94) return { atMs, kind: "storm", awayMs: random.between(0, 300) };
  return { atMs, kind: "restart-relay" };
}

function clientFault(atMs: number, client: number, random: Random): Fault {
  const dice = random.fraction();
  if (dice < 0.75) {
    const how = random.pick(["terminate", "terminate", "close-1000", "close-4005"]);
    return { atMs, kind: "drop", client, how, awayMs: random.pick([0, 50, 500, 2_000, 4_000]) };
  }
  if (dice < 0.92) return { atMs, kind: "wedge", client, forMs: random.between(2_000, 20_000) };
  return { atMs, kind: "vacate", client, awayMs: random.between(2_000, 5_000) };
}
