import type { Broker } from "./broker.ts";
import type { FaultKind } from "./fault-plan.ts";
import { Model, type Difference } from "./model.ts";
import type { Participant } from "./participant.ts";
import type { Plan } from "./plan.ts";
import type { Outcome } from "./report.ts";

const SHOWN = 12;

/** Compares every client's history with the stream. What differs becomes a violation in the client's story. */
export async function check(
  plan: Plan,
  clients: readonly Participant[],
  broker: Broker,
  faults: Partial<Record<FaultKind, number>>,
): Promise<Outcome> {
  const held = await broker.readBack();
  const trouble = brokerTrouble(plan, broker, new Map(held.map(({ seq, digest }) => [seq, digest])));
  const model = new Model([...broker.acked, ...held], plan.maxMessages === null);
  for (const { ledger, plan: who, story } of clients) {
    for (const history of ledger.histories()) {
      const { lost, foreign, changed, badStart }: Difference = model.compare(who.filter, history);
      const where = `of ${who.filter} from ${JSON.stringify(history.start)} to ${history.end}`;
      for (const seq of lost) story.violations.push({ kind: "lost", text: `${seq} ${where}` });
      if (lost.length > 0) story.tell(`LOST ${shown(lost)} ${where}`);
      if (foreign.length > 0) story.violate("other", `foreign ${shown(foreign)} ${where}`);
      if (changed.length > 0) story.violate("other", `changed ${shown(changed)} ${where}`);
      if (badStart !== null) story.violate("other", badStart);
    }
  }
  return { plan, clients, faults, published: model.size, trouble };
}

/** A broker that forgets what it has acknowledged makes a run worthless; said apart, since it is not the relay. */
function brokerTrouble(plan: Plan, broker: Broker, held: ReadonlyMap<number, string>): string | null {
  const forgotten = broker.acked.filter(({ seq, digest }) => {
    const there = held.get(seq);
    return there === undefined ? plan.maxMessages === null : there !== digest;
  });
  if (forgotten.length === 0) return null;
  return `the broker itself lost or changed ${shown(forgotten.map(({ seq }) => seq))}`;
}

function shown(seqs: readonly number[]): string {
  const more = seqs.length - SHOWN;
  return `${seqs.slice(0, SHOWN).join(" ")}${more > 0 ? ` and ${more} more up to ${seqs.at(-1)}` : ""}`;
}
