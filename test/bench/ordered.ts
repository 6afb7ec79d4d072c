/**
 * What a client without a relay does to catch up: ordered consumers of `nats.ws`, each on a connection of its own.
 * `node ordered.ts <url> <subject> <since> <events> <consumers>`; says `took <ms>`.
 */
import { connect, DeliverPolicy } from "nats.ws";
import { STREAM } from "../support/broker/rig-control.ts";
import { nowMs } from "./clock.ts";

const [url = "", subject = "", since = "0", events = "0", consumers = "1"] = process.argv.slice(2);

const connections = await Promise.all(Array.from({ length: Number(consumers) }, () => connect({ servers: url })));
const startedMs = nowMs();
await Promise.all(
  connections.map(async (connection) => {
    const consumer = await connection.jetstream().consumers.get(STREAM, {
      filterSubjects: subject,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Number(since) + 1,
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = Number(events);
    await consumer.consume({
      max_messages: 1_000,
      callback: () => {
        left -= 1;
        if (left === 0) resolve();
      },
    });
    await promise;
  }),
);
console.log(`took ${nowMs() - startedMs} ms`);
process.exit();
