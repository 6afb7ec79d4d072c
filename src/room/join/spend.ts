/** EFFECTS: spends the ticket of a join, in the one object that knows of it (H8). */
import { logEvent } from "../../shared/log.ts";
import { describeError } from "../../shared/log-line.ts";
import type { TicketClaim } from "./request.ts";

const TRIES = 2;

/** Whether this join has spent the ticket; null when the ticket's object cannot be asked. */
export async function spend(tickets: Env["SPENT_TICKET"], ticket: TicketClaim): Promise<boolean | null> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      // A stub that threw stays broken, so each attempt takes a new one (DO-24). The claim makes them one.
      return await tickets.getByName(ticket.id).spend(ticket.claim, ticket.untilMs);
    } catch (error) {
      if (attempt < TRIES) continue;
      logEvent("ticket-unspendable", describeError(error));
      return null;
    }
  }
}
