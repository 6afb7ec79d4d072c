/** What an operator does to a stream during a run, long stalls, rooms that fall asleep, and clients that ask for what is not there. Pure. */
import { Random } from "../../src/dev/random.ts";
import type { Loss } from "../support/broker/cluster-links.ts";
import { FILTERS } from "./whereabouts.ts";

/** A client that comes once, and must be told at once (W6). */
export type Probe = { readonly atMs: number; readonly protocol: 1 | 2; readonly filter: string } & (
  | { readonly kind: "join-ahead"; readonly ahead: number }
  /** `fraction`: the place in the stream that it names with the epoch. */
  | { readonly kind: "wrong-epoch"; readonly fraction: number }
  /** After something was removed: it asks from so far below that, and gets nothing of what is gone (W19). */
  | { readonly kind: "look-back"; readonly back: number }
);

export type Purge = { readonly atMs: number; readonly kind: "purge" } & (
  | { readonly what: "all" }
  | { readonly what: "below" | "keep"; readonly fraction: number }
  | { readonly what: "subject"; readonly subject: string }
);

export type Upheaval = { readonly atMs: number } &
  /** The path to the broker stalls, and holds what was on its way; new connections work. */
  (
    | { readonly kind: "hold"; readonly forMs: number }
    /** The stream is deleted, is away for a while, and comes back with so many messages at once. */
    | { readonly kind: "recreate"; readonly awayMs: number; readonly grown: number }
    | { readonly kind: "back-up" }
    /** Back to the last backup. `grows`: past what was read, before the relay can look. */
    | { readonly kind: "restore"; readonly grows: boolean }
    | { readonly kind: "delete-messages"; readonly fractions: readonly number[] }
    /** A room is left for longer than its upstream lives, and than the platform keeps its memory. */
    /** In a cluster: a member is parted from the others, and the leader hands over to another. */
    | { readonly kind: "partition"; readonly how: Loss; readonly forMs: number }
    | { readonly kind: "step-down" }
    | { readonly kind: "sleep"; readonly client: number; readonly awayMs: number }
  );

export type StreamFault = Upheaval | Purge | Probe;

export interface UpheavalOptions {
  readonly seed: number;
  readonly cluster: boolean;
  readonly clients: number;
  readonly durationMs: number;
}

const FIRST_MS = 1_500;
const EVERY_MS = 4_000;
const ELECTION_MS = 4_000;
const PROBE_EVERY_MS = 3_000;
/** The local runtime takes the memory of an object 10 s after its last client. */
const ASLEEP_MS = 12_000;
const FORGOTTEN_MS = 6_500;
/** In the rooms that most clients are in. */
const LOOKS = 4;
const SUBJECTS = [
  "cellos.events.acme.cell",
  "cellos.events.globex.>",
  "cellos.events.*.node",
  "cellos.events.quiet.>",
] as const;

/** Another source of chance than the rest of the plan, which so means the same with and without. */
export function planUpheavals({ seed, cluster, clients, durationMs }: UpheavalOptions): StreamFault[] {
  const random = new Random(seed + 3);
  const faults: StreamFault[] = [];
  for (
    let atMs = random.between(FIRST_MS, EVERY_MS);
    atMs < durationMs;
    atMs += random.between(EVERY_MS / 2, EVERY_MS * 2)
  ) {
    faults.push(...upheavalsAt(atMs, { clients, durationMs }, random));
  }
  for (
    let atMs = random.between(FIRST_MS, PROBE_EVERY_MS);
    atMs < durationMs;
    atMs += random.between(0, 2 * PROBE_EVERY_MS)
  ) {
    faults.push(probeAt(atMs, random));
  }
  return cluster ? [...faults, ...planElections(durationMs, random)] : faults;
}

function planElections(durationMs: number, random: Random): StreamFault[] {
  const faults: StreamFault[] = [];
  for (
    let atMs = random.between(FIRST_MS, EVERY_MS);
    atMs < durationMs;
    atMs += random.between(ELECTION_MS / 2, ELECTION_MS * 2)
  ) {
    const how = random.pick(["refuse", "blackhole"]);
    const forMs = random.between(1_000, 12_000);
    faults.push(random.fraction() < 0.3 ? { atMs, kind: "step-down" } : { atMs, kind: "partition", how, forMs });
  }
  return faults;
}

function upheavalsAt(
  atMs: number,
  { clients, durationMs }: { readonly clients: number; readonly durationMs: number },
  random: Random,
): StreamFault[] {
  const dice = random.fraction();
  if (dice < 0.2) return [{ atMs, kind: "hold", forMs: random.between(1_000, 12_000) }];
  if (dice < 0.4) return [recreationAt(atMs, random)];
  if (dice < 0.6) {
    // What is lost lies between the two.
    const restoredAtMs = Math.min(atMs + random.between(300, 3_000), Math.max(atMs, durationMs - 500));
    return [
      { atMs, kind: "back-up" },
      { atMs: restoredAtMs, kind: "restore", grows: random.fraction() < 0.6 },
    ];
  }
  if (dice < 0.8) return [purgeAt(atMs, random), ...looksAfter(atMs, random)];
  if (dice < 0.88) {
    const fractions = Array.from({ length: random.between(1, 20) }, () => random.fraction());
    return [{ atMs, kind: "delete-messages", fractions }, ...looksAfter(atMs, random)];
  }
  const awayMs = random.between(ASLEEP_MS, ASLEEP_MS + 4_000);
  const sleep = { atMs, kind: "sleep" as const, client: random.between(0, clients - 1), awayMs };
  return random.fraction() < 0.4 ? [sleep, recreationAt(atMs + random.between(500, awayMs - 1_000), random)] : [sleep];
}

function recreationAt(atMs: number, random: Random): StreamFault {
  return { atMs, kind: "recreate", awayMs: random.pick([0, 0, 500, 2_500]), grown: random.pick([0, 0, 10, 1_000]) };
}

function purgeAt(atMs: number, random: Random): StreamFault {
  const what = random.pick(["all", "below", "keep", "subject"]);
  if (what === "all") return { atMs, kind: "purge", what };
  if (what === "subject") return { atMs, kind: "purge", what, subject: random.pick(SUBJECTS) };
  return { atMs, kind: "purge", what, fraction: random.fraction() };
}

/** By then every window has forgotten what was removed, unless its room is still on its way back to the broker. */
function looksAfter(atMs: number, random: Random): Probe[] {
  return FILTERS.slice(0, LOOKS).map((filter) => ({
    atMs: atMs + FORGOTTEN_MS + random.between(0, 1_500),
    kind: "look-back",
    protocol: random.fraction() < 0.5 ? 1 : 2,
    filter,
    back: random.pick([1, 10, 60]),
  }));
}

function probeAt(atMs: number, random: Random): Probe {
  const protocol = random.fraction() < 0.5 ? 1 : 2;
  const filter = random.pick(FILTERS);
  return random.fraction() < 0.5
    ? { atMs, kind: "join-ahead", protocol, filter, ahead: random.pick([1, 50, 1_000_000_000]) }
    : { atMs, kind: "wrong-epoch", protocol, filter, fraction: random.fraction() };
}
