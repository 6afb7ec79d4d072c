/** Whether the broker serves what a join needs, for `/readyz` (H9): the steps of a room's own upstream, and then none of them stays. */
import type { Config } from "../config/config.ts";
import type { Runtime } from "../shared/runtime.ts";
import { diagnose, placeOf, type Diagnosis } from "./causes.ts";
import type { BrokerConnection, OpenConnection } from "./connection.ts";
import { Consumer } from "./consumer.ts";
import { parseStreamInfo, streamInfoSubject, UpstreamError } from "./jetstream-api.ts";
import { PullBudget } from "./pull-budget.ts";
import { unservedReason } from "./stream-shape.ts";

export interface ProbePorts {
  readonly runtime: Runtime;
  readonly openConnection: OpenConnection;
}

const ANSWER_TIMEOUT_MS = 5_000;
/** As long as a join waits (W11). */
const PROBE_TIMEOUT_MS = 10_000;

/**
 * Connects, asks for the stream, creates a consumer with the default subject, pulls once, and takes all of it back. Null
 * when everything works.
 */
export async function probeBroker(config: Config, ports: ProbePorts): Promise<Diagnosis | null> {
  const { nats, stream } = config;
  const place = placeOf(nats, stream);
  if (nats === null) return diagnose(new UpstreamError("not-configured", ""), place);
  const controller = new AbortController();
  let connection: BrokerConnection | null = null;
  const tried = async (): Promise<void> => {
    connection = await ports.openConnection(nats, "cellos-relay readyz", () => {}, controller.signal);
    await tryJoin(connection, config, ports.runtime);
  };
  const deadline = ports.runtime.timer();
  const late = new Promise<never>((_, reject) => {
    deadline.arm(PROBE_TIMEOUT_MS, () => {
      const step = connection === null ? "no answer to the upgrade" : "no answer in time";
      reject(new UpstreamError(connection === null ? "unreachable" : "timeout", step));
    });
  });
  try {
    await Promise.race([tried(), late]);
    return null;
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return diagnose(error, place);
  } finally {
    deadline.clear();
    controller.abort();
    // The compiler does not see that a callback sets it.
    (connection as BrokerConnection | null)?.close();
  }
}

async function tryJoin(connection: BrokerConnection, config: Config, runtime: Runtime): Promise<void> {
  const { stream, defaultSubject } = config;
  const info = parseStreamInfo(await connection.request(streamInfoSubject(stream), null, ANSWER_TIMEOUT_MS));
  const unserved = unservedReason(info.shape);
  if (unserved !== null) throw new UpstreamError("stream-unsupported", unserved);
  const wanted = {
    runtime,
    connection,
    stream,
    filter: defaultSubject,
    startSeq: info.lastSeq + 1,
    budget: new PullBudget(),
  };
  const { consumer } = await Consumer.create(
    { ...wanted, idleHeartbeatMs: ANSWER_TIMEOUT_MS, onLeft: () => {} },
    () => {},
  );
  try {
    await consumer.pullChecked();
  } finally {
    await consumer.stop();
  }
}
