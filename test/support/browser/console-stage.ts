import { Chromium } from "./chromium.ts";
import { CONSOLE_TOKEN, ConsolePage } from "./console-page.ts";
import { startRelay, type Relay } from "../relay.ts";
import { Rig } from "../broker/rig.ts";

/** A broker with a stream, a relay and a browser: all that the console's tests need. */
export class ConsoleStage implements AsyncDisposable {
  readonly rig: Rig;
  readonly relay: Relay;
  readonly browser: Chromium;
  readonly #parts: AsyncDisposableStack;

  private constructor(rig: Rig, relay: Relay, browser: Chromium, parts: AsyncDisposableStack) {
    this.rig = rig;
    this.relay = relay;
    this.browser = browser;
    this.#parts = parts;
  }

  static async start(launch: () => Promise<Chromium> = () => Chromium.launch()): Promise<ConsoleStage> {
    await using parts = new AsyncDisposableStack();
    const rig = await Rig.start();
    parts.defer(() => rig.stop());
    await rig.createStream();
    const relay = parts.use(await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: CONSOLE_TOKEN } }));
    return new ConsoleStage(rig, relay, parts.use(await launch()), parts.move());
  }

  /** The console in a tab of its own. */
  open(width?: number, height?: number): Promise<ConsolePage> {
    return ConsolePage.open(this.browser, this.relay, width, height);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }
}
