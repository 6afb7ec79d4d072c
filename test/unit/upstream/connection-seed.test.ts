import { afterEach, expect, test, vi } from "vitest";
import type { NatsAuth } from "../../../src/config/config.ts";
import { openConnection } from "../../../src/upstream/nats-connection.ts";
import { newNkey, Operator } from "../../support/broker/operator.ts";

const INFO = { version: "2.10.0", headers: true, max_payload: 1024, nonce: "n", auth_required: true, proto: 1 };
const ACCOUNT = `SA${newNkey().seed.slice(2)}`;

/** The platform's end of an upgraded connection to a broker that greets. */
class GreetingSocket extends EventTarget {
  onmessage: ((event: MessageEvent) => void) | null = null;
  send(): void {}
  close(): void {}
  accept(): void {
    const data = new TextEncoder().encode(`INFO ${JSON.stringify(INFO)}\r\n`).buffer;
    this.addEventListener("message", (event) => this.onmessage?.(event as MessageEvent));
    setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data })));
  }
}

const cases: readonly (readonly [string, NatsAuth])[] = [
  ["an NKEY", { kind: "nkey", seed: ACCOUNT }],
  ["a creds file", { kind: "creds", creds: new Operator().creds().replace(/^SU\w+$/m, ACCOUNT) }],
];

afterEach(() => void vi.unstubAllGlobals());

test.each(cases)(
  "[W11] [O8] a seed in %s that cannot sign is refused, though no broker has seen it",
  async (_, auth) => {
    vi.stubGlobal("fetch", () => Promise.resolve({ status: 101, webSocket: new GreetingSocket() }));
    const opened = openConnection(
      { servers: ["ws://broker.invalid"], auth, access: null, apiPrefix: "$JS.API", inboxPrefix: "_INBOX" },
      "test",
      () => {},
    );
    await expect(opened).rejects.toMatchObject({
      verdict: "refused",
      cause: "authorization",
      message: expect.stringContaining("nkeys: "),
    });
    await expect(opened).rejects.not.toThrow(ACCOUNT);
  },
);
