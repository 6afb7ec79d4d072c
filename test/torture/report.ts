import type { FaultKind } from "./fault-plan.ts";
import type { Participant } from "./participant.ts";
import type { Plan } from "./plan.ts";
import type { Probes } from "./probes.ts";
import type { ViolationKind } from "./story.ts";

export interface Outcome {
  readonly plan: Plan;
  readonly clients: readonly Participant[];
  readonly faults: Partial<Record<FaultKind, number>>;
  readonly published: number;
  /** The broker itself misbehaved: the run proves nothing. */
  readonly trouble: string | null;
  readonly probes: Pick<Probes, "made" | "wrong">;
}

export function failed({ clients, trouble, probes }: Outcome): boolean {
  return trouble !== null || probes.wrong.length > 0 || clients.some(({ story }) => story.violations.length > 0);
}

/** The line that says it all. */
export function summary(outcome: Outcome): string {
  const { plan, clients, faults, published, trouble, probes } = outcome;
  const count = (kind: ViolationKind): number =>
    clients.reduce((sum, { story }) => sum + story.violations.filter((violation) => violation.kind === kind).length, 0);
  const reconnects = clients.reduce((sum, client) => sum + client.reconnects, 0);
  const delivered = clients.reduce((sum, { ledger }) => sum + ledger.events, 0);
  const losses = clients.flatMap(({ story }) => story.losses);
  const told = [...Map.groupBy(losses, (reason) => reason)].map(([reason, { length }]) => `${reason} ${length}`);
  const list = Object.entries(faults).map(([kind, times]) => `${kind} ${times}`);
  return [
    `seed ${plan.seed}: ${published} events, ${clients.length} clients (${plan.sdk} of the SDK in Node, ${plan.chromium} in Chromium), ${delivered} deliveries, ${reconnects} reconnects,`,
    `faults {${list.join(", ")}}, told {${told.join(", ")}}: ${count("lost")} lost, ${count("repeated")} repeated, ${count("order")} out of order,`,
    `${count("other") + probes.wrong.length} other${trouble === null ? "" : `; ${trouble}`}`,
  ].join(" ");
}

/** A row and a story for each client that something went wrong with. */
export function failures({ clients, probes }: Outcome): string[] {
  const stories = clients
    .filter(({ story }) => story.violations.length > 0)
    .map(({ plan, label, story, ledger, reconnects }) => {
      const row = [`client ${plan.id}`, label, plan.filter, `start ${JSON.stringify(plan.start)}`];
      row.push(`${ledger.events} events`, `${reconnects} reconnects`, `${story.violations.length} violations`);
      return `${row.join(" | ")}\n${story.toString()}`;
    });
  return [...stories, ...probes.wrong];
}
