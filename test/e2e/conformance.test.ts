import { describe, expect, test } from "vitest";
import { main } from "../conformance/run.ts";
import { startRelay, type RelayOptions } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";

const token = "conformance-token";
const LIMIT_MS = 240_000;

/** Rules, or rests of rules, that a program outside the relay cannot decide: each has its own tests. */
const NOT_CHECKED = "H3 H3 H8 H9 W5 W6 W11 W12 W13 U3 U5 B2 B3 B4 B5 B7 A3 A4 A6 A9 A10 O1 O2 O3".split(" ");

interface Outcome {
  readonly code: number;
  readonly lines: readonly string[];
}

/** Runs the program against a relay of its own, behind a stream from whose start something was removed (W5). */
async function conformance(way: NonNullable<RelayOptions["way"]>): Promise<Outcome> {
  await using rig = await Rig.start();
  await rig.createStream();
  await rig.publishMany(50);
  await rig.purge(20);
  // A second each, so that what waits for heartbeats or for a client's end is over soon.
  const vars = { NATS_URL: rig.url, RELAY_API_TOKEN: token, HEARTBEAT_SECONDS: "1", SEND_TIMEOUT_SECONDS: "5" };
  await using relay = await startRelay({ way, vars });
  const lines: string[] = [];
  const args = [relay.wsUrl, "--token", token, "--nats", rig.server.url, "--monitor", rig.server.monitorUrl];
  const code = await main(args, (line) => lines.push(line));
  return { code, lines };
}

describe("the conformance program finds nothing wrong", () => {
  test.each(["worker", "cli"] as const)("[O1] with a relay started the %s way", { timeout: LIMIT_MS }, async (way) => {
    const { code, lines } = await conformance(way);
    expect(lines.filter((line) => /^\S+ +FAIL /.test(line))).toEqual([]);
    const skipped = lines.filter((line) => /^\S+ +not checked /.test(line)).map((line) => line.split(" ")[0]);
    expect(skipped).toEqual(NOT_CHECKED);
    expect(lines.at(-1)).toContain(" 0 fail, ");
    expect(code).toBe(0);
  });
});
