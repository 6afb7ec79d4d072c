/** A whole room on the model's broker, with a clock by hand and an isolate of its own. */
import type { OpenConnection } from "../../../src/upstream/connection.ts";
import { UpstreamError } from "../../../src/upstream/jetstream-api.ts";
import { ModelBroker } from "./broker.ts";
import { ModelClock } from "./clock.ts";
import { CoreWorld } from "./core.ts";
import { ModelStream } from "./stream.ts";

const CONNECT_MS = 5;
const CONNECT_TIMEOUT_MS = 8_000;

export function newWorld(settings: Readonly<Record<string, string>>): CoreWorld {
  const clock = new ModelClock();
  const broker = new ModelBroker(clock, new ModelStream("created"));
  const openConnection: OpenConnection = async (_settings, _name, onClosed, unwanted) => {
    const startedMs = clock.nowMs;
    world.dialledMs.push(startedMs);
    do {
      await clock.runtime.delay(CONNECT_MS);
      if (unwanted?.aborted === true || clock.nowMs - startedMs >= CONNECT_TIMEOUT_MS)
        throw new UpstreamError("timeout", "no connection");
    } while (broker.isFrozen);
    return broker.open(onClosed);
  };
  const world: CoreWorld = new CoreWorld(clock, broker, openConnection, settings);
  return world;
}
