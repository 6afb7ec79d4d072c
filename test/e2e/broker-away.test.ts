/** Clients that arrive while the broker is not there (W11). */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { Follower } from "../support/wire/follower.ts";
import type { Verb } from "../support/broker/rig-control.ts";
import { until } from "../support/until.ts";
import { joinAt, startInTurn, TOKEN, World } from "../support/world.ts";

const SUBJECT = "cellos.events.away.x";

interface Outcome {
  readonly code: number;
  readonly reason: string;
  readonly tookMs: number;
}

/** The upgrade itself waits for the broker, so it is the join that takes its time. */
async function timed(join: Promise<Follower>): Promise<Outcome> {
  const startedAt = Date.now();
  const { socket, version } = await join;
  const { code, reason } = await socket.closed(60_000);
  const told = version === 2 ? ["/problems/ws/upstream-unavailable"] : [];
  expect(socket.received.map(({ frame }) => frame.problem?.type)).toEqual(told);
  return { code, reason, tookMs: Date.now() - startedAt };
}

/** Five times the patience of W11 is the most. */
function expectUnavailable(outcomes: readonly Outcome[]): void {
  for (const { code, reason, tookMs } of outcomes) {
    expect([code, reason]).toEqual([1013, "upstream unavailable"]);
    expect(tookMs).toBeGreaterThan(9_000);
    expect(tookMs).toBeLessThan(50_000);
  }
}

interface Peer extends Disposable {
  readonly url: string;
  /** Connections so far. */
  readonly count: () => number;
  /** Those open now, and the most that ever were at a time. */
  readonly open: () => number;
  readonly peak: () => number;
}

/** A port where something other than a broker answers, in its way. */
async function listen(answer: (socket: Socket) => void): Promise<Peer> {
  const open = new Set<Socket>();
  let count = 0;
  let peak = 0;
  const server = createServer((socket) => {
    count += 1;
    peak = Math.max(peak, open.add(socket).size);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    answer(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dispose = (): void => void server.close();
  return { url, count: () => count, open: () => open.size, peak: () => peak, [Symbol.dispose]: dispose };
}

describe.concurrent("joining while the broker is away", () => {
  test.each([
    ["refuses connections", "refuse"],
    ["is behind a path that swallows everything", "blackhole"],
    ["is frozen", "pause"],
    ["is dead", "kill"],
  ] as const)("[W11] a broker that %s: joiners wait 10 s, together", async (_, verb: Verb) => {
    await using world = await World.start();
    await world.rig.act(verb);
    const followers = [
      timed(world.join(SUBJECT, 1)),
      timed(world.join(SUBJECT, 2)),
      timed(world.join(SUBJECT, 1, { since: 0 })),
      timed(world.join(SUBJECT, 2, { since: 7, epoch: "0123456789abcdef" })),
    ];
    expectUnavailable(await Promise.all(followers));
    // One attempt after another for the room, and never one for each client.
    expect(world.rig.proxy.accepted).toBeGreaterThanOrEqual(1);
    expect(world.rig.proxy.accepted).toBeLessThan(25);
  });

  test("[W11] forty joiners share each attempt to connect", async () => {
    using silent = await listen(() => {});
    await using relay = await startInTurn({ RELAY_API_TOKEN: TOKEN, NATS_URL: silent.url });
    const joins = Array.from({ length: 40 }, (_, n) => timed(joinAt(relay, SUBJECT, n % 2 === 0 ? 1 : 2)));
    expectUnavailable(await Promise.all(joins));
    expect(silent.count()).toBeGreaterThanOrEqual(1);
    expect(silent.count()).toBeLessThanOrEqual(12);
  });

  test.each([
    ["a silent peer", {}],
    ["a silent tunnel", { NATS_ACCESS_CLIENT_ID: "id", NATS_ACCESS_CLIENT_SECRET: "secret" }],
  ])(
    "[U4] [W12] of the attempts to connect to %s four are under way at most, and none after the last client",
    async (_, vars) => {
      using silent = await listen((socket) => socket.resume());
      await using relay = await startInTurn({ RELAY_API_TOKEN: TOKEN, NATS_URL: silent.url, ...vars });
      for (let n = 0; n < 2; n++) expectUnavailable([await timed(joinAt(relay, SUBJECT, 1))]);
      const leftAtMs = Date.now();
      expect(silent.count()).toBeGreaterThanOrEqual(3);
      // The fifth ends the first, and its socket may be a moment longer there.
      expect(silent.peak()).toBeLessThanOrEqual(5);
      await until("nothing is open any more", () => silent.open() === 0);
      expect(Date.now() - leftAtMs).toBeLessThan(25_000);
      const tried = silent.count();
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      expect(silent.count()).toBe(tried);
    },
  );

  test("[W11] a peer that is no broker is unavailable, not a crash", async () => {
    using web = await listen((socket) => {
      socket.on("data", () => socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"));
    });
    await using relay = await startInTurn({ RELAY_API_TOKEN: TOKEN, NATS_URL: web.url });
    expectUnavailable(await Promise.all([timed(joinAt(relay, SUBJECT, 1)), timed(joinAt(relay, SUBJECT, 2))]));
  });

  test("[W11] [O8] [JS-18] an account without JetStream is refused: somebody has to enable it", async () => {
    await using world = await World.start({
      user: "rig",
      pass: "rig",
      extraConfig: `accounts {
        PLAIN { users: [{ user: plain, password: plain }] }
        STREAMS { jetstream: enabled, users: [{ user: rig, password: rig }] }
      }`,
      vars: { NATS_USER: "plain", NATS_PASS: "plain" },
    });
    for (const version of [1, 2] as const) {
      const { socket } = await world.join(SUBJECT, version);
      expect(await socket.closed()).toMatchObject({ code: 1008, reason: "subscribe failed" });
    }
  });

  test("[W11] [W12] a broker that comes back during the wait admits who waits", async () => {
    await using world = await World.start();
    await world.publish(SUBJECT, 3);
    await world.rig.act("kill");
    const joining = [
      world.join(SUBJECT, 1),
      world.join(SUBJECT, 2),
      world.join(SUBJECT, 1, { since: 1 }),
      world.join(SUBJECT, 2, { since: 0 }),
    ];
    await until("the relay has tried in vain", () => world.rig.proxy.accepted >= 2);
    await world.rig.act("start");
    const followers = await Promise.all(joining);
    const [last = 0] = await world.publish(SUBJECT, 1);
    await Promise.all(followers.map((follower) => follower.reaches(last)));
    expect(followers.map(({ seqs }) => seqs)).toEqual([[last], [last], [2, 3, last], [1, 2, 3, last]]);
    for (const { faults } of followers) expect(faults).toEqual([]);
  });

  test.each(["kill", "refuse", "blackhole", "pause"] as const)(
    "[W11] [B3] after %s a since inside the window is served at once",
    async (verb) => {
      await using world = await World.start();
      const first = await world.join(SUBJECT, 1);
      const seqs = await world.publish(SUBJECT, 20);
      await first.reaches(seqs[19] ?? 0);
      await world.rig.act(verb);
      for (const [index, version] of ([1, 2, 1, 2] as const).entries()) {
        const since = seqs[index * 5] ?? 0;
        const startedAt = Date.now();
        const follower = await world.join(SUBJECT, version, { since });
        await follower.reaches(seqs[19] ?? 0);
        expect(Date.now() - startedAt).toBeLessThan(25_000);
        expect(follower.seqs).toEqual(seqs.slice(index * 5 + 1));
        expect(follower.faults).toEqual([]);
      }
    },
  );
});
