/** A broker that gives up on a login because the path was slow has not refused anything (W11). */
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { RELAY_USER, RIG_USER } from "../support/broker/admin.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { Rig } from "../support/broker/rig.ts";
import { joinAt, startInTurn, TOKEN } from "../support/world.ts";

const SUBJECT = "cellos.events.slow.x";
const LOGIN_SECONDS = 0.3;

/** Lets an upgrade through at once, and what the client says after it so late that the login has timed out. */
async function slowPath(
  target: number,
): Promise<{ url: string; heal(): void; seen(): number; [Symbol.dispose](): void }> {
  let slow = true;
  let seen = 0;
  const server = createServer((socket) => {
    seen += 1;
    const broker = connect({ port: target, host: "127.0.0.1" });
    socket.on("error", () => {}).on("close", () => broker.destroy());
    broker.on("error", () => {}).on("close", () => socket.destroy());
    broker.pipe(socket);
    let sending: Promise<unknown> = Promise.resolve();
    let isFirst = true;
    socket.on("data", (chunk: Buffer) => {
      const waitMs = slow && !isFirst ? LOGIN_SECONDS * 1_000 + 400 : 0;
      isFirst = false;
      sending = sending.then(() => delay(waitMs)).then(() => broker.write(chunk));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heal: () => void (slow = false),
    seen: () => seen,
    [Symbol.dispose]: () => void server.close(),
  };
}

test("[W11] a login that timed out is tried again, and who waits is admitted", async () => {
  await using rig = await Rig.start({
    ...RIG_USER,
    extraConfig: `authorization { timeout: ${LOGIN_SECONDS}, users: [
      { user: rig, password: rig }, { user: relay, password: secret } ] }`,
  });
  await rig.createStream();
  using path = await slowPath(rig.server.port);
  await using relay = await startInTurn({ RELAY_API_TOKEN: TOKEN, NATS_URL: path.url, ...RELAY_USER });
  const joining = [joinAt(relay, SUBJECT, 1), joinAt(relay, SUBJECT, 2)];
  const answers = joining.map((join) => join.then(() => "answered"));
  expect(await Promise.race([...answers, delay(2_500, "waiting")])).toBe("waiting");
  expect(path.seen()).toBeGreaterThanOrEqual(1);
  path.heal();
  const followers = await Promise.all(joining);
  const [seq = 0] = await rig.publish([{ subject: SUBJECT, data: cloudEvent() }]);
  for (const follower of followers) {
    await follower.reaches(seq);
    expect([follower.seqs, follower.faults]).toEqual([[seq], []]);
  }
});
