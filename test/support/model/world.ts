/** A whole room on the model's broker, with a clock by hand and an isolate of its own. */
import type { OpenConnection } from "../../../src/upstream/connection.ts";
import { ModelBroker } from "./broker.ts";
import { ModelClock } from "./clock.ts";
import { CoreWorld } from "./core.ts";
import { ModelStream } from "./stream.ts";

const CONNECT_MS = 5;

export function newWorld(settings: Readonly<Record<string, string>>): CoreWorld {
  const clock = new ModelClock();
  const broker = new ModelBroker(clock, new ModelStream("created"));
  const openConnection: OpenConnection = async (_settings, _name, onClosed) => {
    await clock.runtime.delay(CONNECT_MS);
    return broker.open(onClosed);
  };
  return new CoreWorld(clock, broker, openConnection, settings);
}
