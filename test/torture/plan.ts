/** What one seed does to the relay, and when. Pure: the same options make the same plan. */
import { Random } from "../../src/dev/random.ts";
import { planFaults, type Fault } from "./fault-plan.ts";
import { planUpheavals } from "./upheaval-plan.ts";
import { planViewers, type CrowdOptions, type ViewerPlan } from "./viewer-plan.ts";
import { FILTERS, planStart, type Start } from "./whereabouts.ts";

export interface PlanOptions extends CrowdOptions {
  readonly events: number;
}

export interface ClientPlan {
  readonly id: number;
  readonly protocol: 1 | 2;
  readonly filter: string;
  readonly start: Start;
  readonly joinAtMs: number;
  /** A v1 client has no duty to ping (B1); some do. */
  readonly pings: boolean;
  /** How often it names the epoch when it resumes. */
  readonly epochChance: number;
  /** Being wedged is the line's fault, which holds what is on its way, and not the reader's. */
  readonly losesLine: boolean;
  readonly seed: number;
}

/** `count` events spread evenly over the time from `fromMs` to `toMs`. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

export interface Plan extends PlanOptions {
  readonly settings: Readonly<Record<string, string>>;
  readonly sendTimeoutMs: number;
  /** The stream's limit, or null: then nothing is ever removed. */
  readonly maxMessages: number | null;
  readonly clientPlans: readonly ClientPlan[];
  readonly viewerPlans: readonly ViewerPlan[];
  readonly stretches: readonly Stretch[];
  readonly faults: readonly Fault[];
}

export const HEARTBEAT_MS = 1_000;
const KIB = 1024;
const RETENTION_CHANCE = 0.2;

export function makePlan(options: PlanOptions): Plan {
  const random = new Random(options.seed);
  const sendTimeoutSeconds = random.between(5, 12);
  const maxMessages =
    random.fraction() < RETENTION_CHANCE ? Math.round(options.events * (0.05 + random.fraction() / 4)) : null;
  const { viewers, faults } = planViewers(options);
  const clientPlans = Array.from({ length: options.clients }, (_, id) => planClient(id, options, random));
  return {
    ...options,
    settings: {
      HEARTBEAT_SECONDS: String(HEARTBEAT_MS / 1000),
      WINDOW_BYTES: String(random.pick([64, 128, 256, 1024]) * KIB),
      MAX_REPLAYS: String(random.between(2, 8)),
      MAX_UNREAD_BYTES: String(random.pick([256, 512, 1024]) * KIB),
      BATCH_MS: String(random.pick([1, 5, 20])),
      SEND_TIMEOUT_SECONDS: String(sendTimeoutSeconds),
    },
    sendTimeoutMs: sendTimeoutSeconds * 1000,
    maxMessages,
    clientPlans,
    viewerPlans: viewers,
    stretches: planStretches(options, random),
    faults: [...planFaults(options, random), ...faults, ...planUpheavals(options)].toSorted((a, b) => a.atMs - b.atMs),
  };
}

function planClient(id: number, { durationMs, clients }: PlanOptions, random: Random): ClientPlan {
  // The widest filter is the busiest room: every third client is in it.
  const filter = id % 3 === 0 ? FILTERS[0] : random.pick(FILTERS);
  return {
    id,
    protocol: random.fraction() < 0.4 ? 1 : 2,
    filter,
    start: planStart(random),
    // Most are there from the beginning, the others come at any time before the last third.
    joinAtMs: id < clients / 2 ? random.between(0, 500) : random.between(0, Math.floor((durationMs * 2) / 3)),
    pings: random.fraction() < 0.6,
    epochChance: random.pick([0, 0.5, 1]),
    losesLine: id % 2 === 1,
    seed: random.between(1, 2 ** 31),
  };
}

/** Idle times, a steady rate, and bursts of 500 at once or 5,000 a second, until all events are spent. */
function planStretches({ events, durationMs }: PlanOptions, random: Random): Stretch[] {
  const spent: Stretch[] = [];
  const weights: number[] = [];
  let atMs = 500;
  while (atMs < durationMs) {
    const dice = random.fraction();
    const [lengthMs, perSecond] =
      dice < 0.25
        ? [random.between(300, 2_500), 0]
        : dice < 0.6
          ? [random.between(500, 3_000), random.between(20, 400)]
          : dice < 0.8
            ? [1, 500_000]
            : [random.between(300, 2_000), random.between(1_000, 5_000)];
    const toMs = Math.min(durationMs, atMs + lengthMs);
    spent.push({ fromMs: atMs, toMs, count: 0 });
    weights.push(((toMs - atMs) * perSecond) / 1000);
    atMs = toMs + random.between(10, 400);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let left = events;
  const counted = spent.map((stretch, index) => {
    const count = Math.min(left, Math.round((events * (weights[index] ?? 0)) / Math.max(1, total)));
    left -= count;
    return { ...stretch, count };
  });
  // Rounding, or a plan of nothing but idleness, leaves a rest: it comes last and at once.
  return [...counted, { fromMs: durationMs - 1, toMs: durationMs, count: left }];
}
