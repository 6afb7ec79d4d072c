import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    controlUrl: string;
  }
}

declare global {
  namespace Cloudflare {
    /** Bindings that exist in the "worker" test project alone. */
    interface Env {
      CONTROL_URL: string;
    }
  }
}
