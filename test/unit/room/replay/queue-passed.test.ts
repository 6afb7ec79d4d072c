/** A broker that passes over what it had to deliver. */
import { expect, it } from "vitest";
import { ModelClock } from "../../../support/model/clock.ts";
import { ReplaysBench } from "../../../support/model/replays.ts";

it("[W2] [JS-26] a broker that moves the consumers of replays to the end of the stream costs no event", async () => {
  const bench = new ReplaysBench(new ModelClock(), 3_000, 8, 10_000);
  const clients = [0, 1_000].map((cursor) => bench.join(cursor)[0]);
  for (let times = 0; times < 4; times++) {
    await bench.run(20);
    for (const consumer of bench.broker.consumers.values()) consumer.passOver();
  }
  await bench.run(20_000);
  expect([bench.faults, clients.map(({ reading }) => reading.cursor)]).toEqual([[], [3_000, 3_000]]);
});
