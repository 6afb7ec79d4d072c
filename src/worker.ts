/** Entry point of the Worker. */
import { app } from "./edge/app.ts";

export { Ledger } from "./room/ledger.ts";
export { Room } from "./room/object.ts";

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
