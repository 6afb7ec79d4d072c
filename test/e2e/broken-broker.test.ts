/** A broker that is there and does not serve: the cause, the log, the close and the client's words (O8, H9, W11). */
import { connect } from "nats.ws";
import { describe, test, vi } from "vitest";
import { NatsServer } from "../../src/dev/nats-server.ts";
import { RELAY_USER, relayUser, RIG_USER } from "../support/broker/admin.ts";
import { newNkey } from "../support/broker/operator.ts";
import { Rig } from "../support/broker/rig.ts";
import { STREAM, type RigOptions, type StreamOptions } from "../support/broker/rig-control.ts";
import { expectDiagnosis, type Setup, type Vars } from "../support/broken/examine.ts";

vi.setConfig({ maxConcurrency: 3 });

type Start = Setup[2];

/** A broker with a stream, and a relay that logs in as `relay`. */
const rigWith =
  (options: RigOptions, vars: Vars = {}, stream: StreamOptions | null = {}): Start =>
  async (parts) => {
    const rig = parts.use(await Rig.start(options));
    if (stream !== null) await rig.createStream(stream);
    return { NATS_URL: rig.url, ...vars };
  };

/** A broker without a hand of the test in it, which would be a responder to everything. */
const serverWith =
  (extraConfig: string): Start =>
  async (parts) => ({ NATS_URL: parts.use(await NatsServer.start({ extraConfig })).url });

const without = (...deny: string[]): Start => rigWith({ ...RIG_USER, extraConfig: relayUser(deny) }, RELAY_USER);

const PASSWORDS = { ...RIG_USER, extraConfig: relayUser([]) };

const withConsumer =
  (options: RigOptions, vars: Vars, stream: StreamOptions): Start =>
  async (parts) => {
    const rig = parts.use(await Rig.start(options));
    await rig.createStream(stream);
    const login = options.user === undefined ? {} : { user: options.user, pass: options.pass ?? "" };
    const connection = await connect({ servers: rig.server.url, ...login });
    const manager = await connection.jetstreamManager({ checkAPI: false });
    await manager.consumers.add(STREAM, { durable_name: "theirs" });
    await connection.close();
    return { NATS_URL: rig.url, ...vars };
  };

const accounts = (limits: string, relayIn: "A" | "B"): string => {
  const users = (name: "A" | "B", own: string): string =>
    `${name === relayIn ? "{ user: relay, password: secret }, " : ""}${own}`;
  return `accounts {
    A { jetstream: ${limits}, users: [${users("A", "{ user: rig, password: rig }")}] }
    B { users: [${users("B", "{ user: other, password: other }")}] }
  }`;
};

const SETUPS: readonly Setup[] = [
  [
    "a wrong password",
    "authorization",
    rigWith(PASSWORDS, { ...RELAY_USER, NATS_PASS: "wrong" }),
    /allowed_connection/,
  ],
  ["no credentials", "authorization", rigWith(PASSWORDS), /refuses the login/],
  ["an unknown NKEY", "authorization", rigWith(PASSWORDS, { NATS_NKEY_SEED: newNkey().seed }), /refuses the login/],
  [
    "a user that may not use WebSocket",
    "authorization",
    rigWith(
      {
        ...RIG_USER,
        extraConfig: `authorization { users: [
          { user: rig, password: rig }, { user: relay, password: secret, allowed_connection_types: ["STANDARD"] }
        ] }`,
      },
      RELAY_USER,
    ),
    /allowed_connection_types/,
  ],
  ["max_connections", "connection-limit", rigWith({ extraConfig: "max_connections: 1" }), /maximum connections/i],
  ["JetStream off", "jetstream-off", serverWith("jetstream: false"), /JetStream is off/],
  [
    "an account without JetStream",
    "jetstream-off",
    rigWith({ ...RIG_USER, extraConfig: accounts("enabled", "B") }, RELAY_USER),
    /account of the relay's user/,
  ],
  ["no stream", "stream-missing", rigWith({}, {}, null), /CELLOS_EVENTS does not exist/],
  ["a stream of another name", "stream-missing", rigWith({}, { NATS_STREAM: "OTHER" }), /OTHER does not exist/],
  ["interest retention", "stream-unsupported", rigWith({}, {}, { config: { retention: "interest" } }), /interest/],
  ["a work queue", "stream-unsupported", rigWith({}, {}, { config: { retention: "workqueue" } }), /workqueue/],
  ["no right to STREAM.INFO", "permission", without("$JS.API.STREAM.INFO.>"), /publish to \$JS\.API\.STREAM\.INFO\./],
  [
    "no right to CONSUMER.CREATE",
    "permission",
    without("$JS.API.CONSUMER.CREATE.>"),
    /\.CONSUMER\.CREATE\.CELLOS_EVENTS\.\*\./,
  ],
  ["no right to MSG.NEXT", "permission", without("$JS.API.CONSUMER.MSG.NEXT.>"), /\.MSG\.NEXT\.CELLOS_EVENTS\.\*/],
  [
    "no right to its inbox",
    "permission",
    rigWith({ ...RIG_USER, extraConfig: relayUser([], ["_INBOX.>"]) }, RELAY_USER),
    /subscribe to _INBOX\.>/,
  ],
  [
    "max_consumers of the stream",
    "consumer-limit",
    withConsumer({}, {}, { config: { max_consumers: 1 } }),
    /max_consumers/,
  ],
  [
    "max_consumers of the account",
    "consumer-limit",
    withConsumer(
      { ...RIG_USER, extraConfig: accounts("{ max_mem: 64M, max_file: 64M, max_streams: 2, max_consumers: 1 }", "A") },
      RELAY_USER,
      {},
    ),
    /max_consumers/,
  ],
  [
    "one server of a cluster of three",
    "no-leader",
    serverWith(
      `server_name: n0\ncluster { name: c, listen: "127.0.0.1:-1", routes: ["nats://127.0.0.1:9", "nats://127.0.0.1:10"] }`,
    ),
    /too few of its servers/,
  ],
];

describe.concurrent("a broker that is there and does not serve", () => {
  test.each(SETUPS)("[O8] [H9] [W11] [O3] %s: %s", async (...setup) => {
    await expectDiagnosis(setup);
  });
});
