/** What a report says that it should not, in words; empty when every client got every event once. */
import type { Report } from "./swarm-messages.ts";

export function troubleIn({ wrong, closed }: Report): string {
  const codes = Object.entries(closed).map(([code, count]) => `${count} closed ${code}`);
  return [...(wrong > 0 ? [`${wrong} clients without exactly all events`] : []), ...codes].join(", ");
}
