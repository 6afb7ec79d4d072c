/** EFFECTS: entry point of the Worker. */
import { app } from "./edge/app.ts";
import { keepConsole } from "./shared/log.ts";

export { Ledger } from "./quota/ledger.ts";
export { Room } from "./room/object.ts";

keepConsole();

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
