/** EFFECTS: entry point of the Worker. */
import { env } from "cloudflare:workers";
import { app } from "./edge/app.ts";
import { keepConsole, nameVersion } from "./shared/log.ts";
import { versionOf } from "./shared/version.ts";

export { Readiness } from "./edge/readiness-object.ts";
export { Ledger } from "./quota/ledger.ts";
export { Room } from "./room/object.ts";
export { SpentTicket } from "./ticket/spent-ticket.ts";
export { TicketKey } from "./ticket/ticket-key.ts";

keepConsole();
nameVersion(versionOf(env));

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
