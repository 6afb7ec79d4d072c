/** The clients of a run that are the project's own `EventStream`. Pure. */
import { Random } from "../../src/dev/random.ts";
import { planClientFaults, type Fault } from "./fault-plan.ts";
import { FILTERS, planStart, type Start } from "./whereabouts.ts";

export interface ViewerPlan {
  readonly id: number;
  readonly home: "node" | "chromium";
  /** Which of the pages in Chromium. */
  readonly page: number;
  readonly filter: string;
  readonly start: Start;
  readonly joinAtMs: number;
  /** A handler that now and then takes its time, or one that never does. */
  readonly isSlow: boolean;
  /** `for await` instead of a handler. */
  readonly loops: boolean;
  /** Its socket is that of a SharedWorker. */
  readonly isShared: boolean;
  /** The store takes a while. */
  readonly isStoreSlow: boolean;
  /** How long it waits for a retry before it asks for one. */
  readonly patienceMs: number;
  /** Being wedged is the line's fault, not the handler's. */
  readonly losesLine: boolean;
  readonly seed: number;
}

export interface CrowdOptions {
  readonly seed: number;
  /** Plain clients, strict readers of the wire. */
  readonly clients: number;
  /** Clients that are an `EventStream` in Node, and in Chromium. */
  readonly sdk: number;
  readonly chromium: number;
  readonly durationMs: number;
  /** Three brokers with a stream that all of them hold, instead of one. */
  readonly cluster: boolean;
}

const VIEWERS_PER_PAGE = 3;
const FAULT_EVERY_MS = 4_000;

/** Their numbers follow those of the plain clients. */
export function planViewers(options: CrowdOptions): { readonly viewers: ViewerPlan[]; readonly faults: Fault[] } {
  const { seed, clients, sdk, chromium, durationMs } = options;
  // Another source of chance than the rest of the plan: a seed means the same with and without viewers.
  const random = new Random(seed + 2);
  const viewers = Array.from({ length: sdk + chromium }, (_, index) =>
    planViewer(clients + index, index < sdk ? null : index - sdk, options, random),
  );
  if (viewers.length === 0) return { viewers, faults: [] };
  const crowd = { first: clients, clients: viewers.length, durationMs, everyMs: FAULT_EVERY_MS };
  const faults = planClientFaults(crowd, random);
  // Most viewers are in the busiest room: emptying it this often would leave nobody to deliver to.
  return { viewers, faults: faults.map((fault) => (fault.kind === "vacate" ? asReload(fault) : fault)) };
}

function asReload({ atMs, client }: Extract<Fault, { readonly kind: "vacate" }>): Fault {
  return { atMs, kind: "drop", client, how: "close-4005", awayMs: 0 };
}

/** `place`: its number in Chromium, or null. */
function planViewer(
  id: number,
  place: number | null,
  { durationMs, chromium }: CrowdOptions,
  random: Random,
): ViewerPlan {
  const isShared = random.fraction() < 0.5 && place !== null;
  const pages = Math.ceil(chromium / VIEWERS_PER_PAGE);
  return {
    id,
    home: place === null ? "node" : "chromium",
    page: place === null ? 0 : place % pages,
    // Only those of one filter share a socket.
    filter: isShared || random.fraction() < 0.3 ? FILTERS[0] : random.pick(FILTERS),
    start: planStart(random),
    joinAtMs: random.fraction() < 0.6 ? random.between(0, 500) : random.between(0, Math.floor(durationMs / 2)),
    isSlow: random.fraction() < 0.6,
    loops: random.fraction() < 0.4,
    isShared,
    isStoreSlow: random.fraction() < 0.4 && place === null,
    patienceMs: random.pick([0, 300, 1_500, 4_000]),
    losesLine: random.fraction() < 0.5,
    seed: random.between(1, 2 ** 31),
  };
}
