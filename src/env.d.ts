/** Bindings of wrangler.toml. Settings (strings) are read by config.ts alone, as unknown values. */
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import("./worker.ts");
    durableNamespaces: "Room" | "Ledger";
  }
  interface Env {
    ROOM: DurableObjectNamespace<import("./room/object.ts").Room>;
    LEDGER: DurableObjectNamespace<import("./quota/ledger.ts").Ledger>;
    ASSETS: Fetcher;
  }
}
interface Env extends Cloudflare.Env {}
