/** Bindings of wrangler.toml. Settings (strings) are read by config.ts alone, as unknown values. */
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import("./worker.ts");
    durableNamespaces: "Room" | "Ledger" | "Readiness" | "TicketKey" | "SpentTicket";
  }
  interface Env {
    ROOM: DurableObjectNamespace<import("./room/object.ts").Room>;
    LEDGER: DurableObjectNamespace<import("./quota/ledger.ts").Ledger>;
    READINESS: DurableObjectNamespace<import("./edge/readiness-object.ts").Readiness>;
    TICKET_KEY: DurableObjectNamespace<import("./ticket/ticket-key.ts").TicketKey>;
    SPENT_TICKET: DurableObjectNamespace<import("./ticket/spent-ticket.ts").SpentTicket>;
    ASSETS: Fetcher;
    /** Of the deployed version; absent where it is not bound. */
    CF_VERSION_METADATA?: { readonly id: string };
    /** Bound where an operator wants them (A9). */
    AUTH_LIMITER?: RateLimit;
    REQUEST_LIMITER?: RateLimit;
  }
}
interface Env extends Cloudflare.Env {}
