/** The honest clients: torture's, with the tokens and subjects of many tenants, each compared with the stream. */
import { Random } from "../../src/dev/random.ts";
import { Client } from "../torture/client.ts";
import { HEARTBEAT_MS, type ClientPlan, type Plan } from "../torture/plan.ts";
import type { World } from "../torture/world.ts";
import { planStart } from "../torture/whereabouts.ts";

const SEED = 1;
export const SETTINGS = { HEARTBEAT_SECONDS: String(HEARTBEAT_MS / 1_000) };
const SEND_TIMEOUT_MS = 50_000;

export const tokenOf = (tenant: number): string => `soak-tenant-${tenant}`;
export const subjectOf = (tenant: number, kind: "cell" | "node" | "large"): string =>
  `cellos.events.t${tenant}.${kind}`;

/** What torture's clients want to know of the run. */
export function planOf(durationMs: number): Plan {
  return {
    seed: SEED,
    events: Infinity,
    durationMs,
    clients: 0,
    sdk: 0,
    chromium: 0,
    cluster: false,
    settings: SETTINGS,
    sendTimeoutMs: SEND_TIMEOUT_MS,
    maxMessages: null,
    clientPlans: [],
    viewerPlans: [],
    stretches: [],
    faults: [],
  };
}

export function honestClients(count: number, tenants: number, world: World): Client[] {
  const random = new Random(SEED);
  return Array.from({ length: count }, (_, id) => {
    const tenant = id % tenants;
    const filter = random.fraction() < 0.7 ? `cellos.events.t${tenant}.>` : subjectOf(tenant, "cell");
    const plan: ClientPlan = {
      id,
      protocol: random.fraction() < 0.4 ? 1 : 2,
      filter,
      start: planStart(random),
      joinAtMs: random.between(0, 5_000),
      // One that keeps no cursor and never pings is among those that misbehave.
      pings: true,
      epochChance: random.pick([0, 0.5, 1]),
      losesLine: false,
      seed: random.between(1, 2 ** 31),
    };
    return new Client(plan, { ...world, token: tokenOf(tenant) }, null);
  });
}
