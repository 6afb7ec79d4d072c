/** A broker, a stream or an account that limits consumers and pulls: the relay keeps to it, or says why it cannot (P21). */
import { connect } from "nats.ws";
import { describe, expect, test } from "vitest";
import { STREAM, SUBJECTS } from "../support/broker/rig-control.ts";
import { World, type WorldOptions } from "../support/world.ts";

const SUBJECT = "cellos.events.limits.x";

const ACCOUNT = (limits: string): string => `
  accounts {
    RELAY { jetstream { ${limits} }, users: [{ user: "rig", password: "rig" }] }
    SYS { users: [{ user: "sys", password: "sys" }] }
  }
  system_account: SYS`;
const IN_ACCOUNT = { user: "rig", pass: "rig", vars: { NATS_USER: "rig", NATS_PASS: "rig" } };

/** `limits` are those of the stream for its consumers. */
const LIMITS: readonly (readonly [string, WorldOptions & { readonly limits?: object }])[] = [
  ["max_request_batch of 100", { jetstream: "limits { max_request_batch: 100 }" }],
  ["max_request_batch of 1", { jetstream: "limits { max_request_batch: 1 }" }],
  ["max_ack_pending of the broker", { jetstream: "limits { max_ack_pending: 5 }" }],
  ["max_ack_pending of the account", { ...IN_ACCOUNT, extraConfig: ACCOUNT("max_file: 100MB, max_ack_pending: 5") }],
  ["no memory for the account", { ...IN_ACCOUNT, extraConfig: ACCOUNT("max_file: 100MB, max_mem: 0") }],
  ["an inactive threshold of 10 s", { limits: { inactive_threshold: 10e9 } }],
  ["an inactive threshold of 1 s", { limits: { inactive_threshold: 1e9 } }],
  ["max_ack_pending of the stream", { limits: { max_ack_pending: 5 } }],
];

/** Asked for by hand, since the library refuses what a broker before 2.10 leaves out. */
async function createStream({ rig }: World, limits: object): Promise<void> {
  const connection = await connect({ servers: rig.server.url });
  const config = { name: STREAM, subjects: [SUBJECTS], storage: "file", consumer_limits: limits };
  const answer = await connection.request(`$JS.API.STREAM.CREATE.${STREAM}`, JSON.stringify(config));
  await connection.close();
  expect(answer.json()).not.toHaveProperty("error");
}

describe.concurrent("limits of a broker", () => {
  test.each(LIMITS)(
    "[P21] [U1] [JS-22] [JS-23] %s: served live, in a resume and by replay",
    async (_, { limits, ...options }) => {
      const stream = limits === undefined ? {} : { stream: false as const };
      await using world = await World.start({
        ...options,
        ...stream,
        vars: { WINDOW_BYTES: "20000", ...options.vars },
      });
      if (limits !== undefined) await createStream(world, limits);
      const live = await world.joinMany(2, SUBJECT);
      const seqs = [...(await world.publish(SUBJECT, 150)), ...(await world.publish(SUBJECT, 150))];
      const late = await world.joinMany(2, SUBJECT, { since: 0 });
      const resumed = await world.joinMany(2, SUBJECT, { since: 298 });
      const more = await world.publish(SUBJECT, 3);
      for (const follower of [...live, ...late, ...resumed]) {
        await follower.reaches(more[2] ?? 0, 20_000);
        expect(follower.faults).toEqual([]);
      }
      for (const follower of [...live, ...late]) expect(follower.seqs).toEqual([...seqs, ...more]);
      for (const follower of resumed) expect(follower.seqs).toEqual([...seqs.slice(298), ...more]);
      // The pulls of a quiet room too: nothing is refused, so nothing is doubted.
      const creates = async (): Promise<number> =>
        (await world.rig.apiCalls()).filter(({ subject }) => subject.includes("CONSUMER.CREATE")).length;
      const before = await creates();
      await live[0]?.beat();
      await live[0]?.beat();
      expect(await creates()).toBe(before);
    },
  );

  test("[P21] [W11] no consumer left for the account is told, and its reason stands in the log", async () => {
    await using world = await World.start({
      ...IN_ACCOUNT,
      extraConfig: ACCOUNT("max_file: 100MB, max_consumers: 1"),
    });
    const first = await world.join(SUBJECT, 2);
    const second = await world.join("cellos.events.limits.y", 2);
    expect(await second.socket.closed()).toMatchObject({ code: 1008, reason: "subscribe failed" });
    const [seq = 0] = await world.publish(SUBJECT, 1);
    await first.reaches(seq);
  });
});
