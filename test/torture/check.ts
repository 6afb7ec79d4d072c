import type { Broker } from "./broker.ts";
import { Comparison } from "./comparison.ts";
import type { FaultKind } from "./fault-plan.ts";
import type { Participant } from "./participant.ts";
import type { Plan } from "./plan.ts";
import type { Probes } from "./probes.ts";
import type { Outcome } from "./report.ts";

const SHOWN = 12;

/** What there is to compare at the end. */
export interface Evidence {
  readonly plan: Plan;
  readonly clients: readonly Participant[];
  readonly broker: Broker;
  readonly faults: Partial<Record<FaultKind, number>>;
  readonly probes: Probes;
  /** Clients that were not there at the end, which is told already. */
  readonly late: ReadonlySet<Participant>;
}

/** Compares every client's histories with those of the stream. What differs becomes a violation in the client's story. */
export async function check({ plan, clients, broker, faults, probes, late }: Evidence): Promise<Outcome> {
  const held = await broker.readBack();
  const trouble = brokerTrouble(plan, broker, new Map(held.map(({ seq, digest }) => [seq, digest])));
  const comparison = new Comparison(broker.eras, held, plan.maxMessages !== null);
  const { length } = broker.eras;
  for (const client of clients) {
    const { ledger, plan: who, story } = client;
    const findings = comparison.explain(who.filter, ledger.histories(), !late.has(client));
    for (const { history, era, difference, misplaced } of findings) {
      const { lost, foreign, changed, badStart } = difference;
      const which = length === 1 ? "" : `, history ${era + 1} of ${length}, asked for in ${history.era + 1}`;
      const where = `of ${who.filter} from ${JSON.stringify(history.start)} to ${history.end}${which}`;
      for (const seq of lost) story.violations.push({ kind: "lost", text: `${seq} ${where}` });
      if (lost.length > 0) story.tell(`LOST ${shown(lost)} ${where}`);
      if (foreign.length > 0) story.violate("other", `foreign ${shown(foreign)} ${where}`);
      if (changed.length > 0) story.violate("other", `changed ${shown(changed)} ${where}`);
      if (badStart !== null) story.violate("other", `${badStart} ${where}`);
      if (misplaced !== null) story.violate("other", `${misplaced} ${where}`);
    }
  }
  return { plan, clients, faults, published: comparison.size, trouble, probes };
}

/** A broker that forgets what it has acknowledged makes a run worthless; said apart, since it is not the relay. */
function brokerTrouble({ maxMessages }: Plan, { era }: Broker, held: ReadonlyMap<number, string>): string | null {
  const forgotten = [...era.base, ...era.acked].filter(({ seq, digest }) => {
    const there = held.get(seq);
    return there === undefined ? maxMessages === null && !era.isRemoved(seq) : there !== digest;
  });
  if (forgotten.length === 0) return null;
  return `the broker itself lost or changed ${shown(forgotten.map(({ seq }) => seq))}`;
}

function shown(seqs: readonly number[]): string {
  const more = seqs.length - SHOWN;
  return `${seqs.slice(0, SHOWN).join(" ")}${more > 0 ? ` and ${more} more up to ${seqs.at(-1)}` : ""}`;
}
