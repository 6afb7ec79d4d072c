/** Which events a client wants, and from where on. Pure. */
import type { Random } from "../../src/dev/random.ts";

/** `recent` and `old` are places in the stream as it is when the client comes. */
export type Start =
  | { readonly kind: "none" }
  | { readonly kind: "oldest" }
  | { readonly kind: "recent"; readonly back: number }
  | { readonly kind: "old"; readonly fraction: number };

export const FILTERS = [
  "cellos.events.>",
  "cellos.events.acme.>",
  "cellos.events.*.cell",
  "cellos.events.globex.node",
  "cellos.events.initech.*",
  "cellos.events.quiet.>",
  "cellos.events.nobody.cell",
] as const;

export function planStart(random: Random): Start {
  const dice = random.fraction();
  if (dice < 0.35) return { kind: "none" };
  if (dice < 0.55) return { kind: "oldest" };
  if (dice < 0.8) return { kind: "recent", back: random.pick([0, 0, 1, 10, 300]) };
  return { kind: "old", fraction: random.fraction() };
}

/** What to ask for; null: from now on. */
export function sinceOf(start: Start, lastSeq: number): number | null {
  switch (start.kind) {
    case "none":
      return null;
    case "oldest":
      return 0;
    case "recent":
      return Math.max(0, lastSeq - start.back);
    case "old":
      return Math.floor(lastSeq * start.fraction);
  }
}
