import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { pauseMs, renewInMs } from "../../../src/client/wire/renewal-plan.ts";
import { eventually, StoppedStream, tokensOf } from "../../support/wire/stopped-stream.ts";

let page: StoppedStream;

beforeEach(async () => {
  page = await StoppedStream.start();
});
afterEach(() => page[Symbol.asyncDispose]());

describe("when", () => {
  test("[V8] 80 to 90 % of the rest are over, and 5 s are left", () => {
    expect([0, 1].map((random) => renewInMs(100_000, random))).toEqual([80_000, 90_000]);
    expect([0, 1].map((random) => renewInMs(30_000, random))).toEqual([24_000, 25_000]);
    expect([6_000, 5_000, 1_000, 0].map((ms) => renewInMs(ms, 0))).toEqual([1_000, 2_500, 500, 0]);
  });

  test("[V8] no seventh within a minute", () => {
    expect(pauseMs([], 0)).toBe(0);
    expect(pauseMs([1, 2, 3, 4, 5], 10)).toBe(0);
    expect(pauseMs([1, 2, 3, 4, 5, 6], 10)).toBe(59_991);
    expect(pauseMs([0, 1, 2, 3, 4, 5, 6], 60_001)).toBe(0);
  });
});

describe("on the open connection", () => {
  test("[V8] [V3] brings the next token in time, again and again, and loses nothing", async () => {
    const recorder = page.open();
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 100_000 });
    line.events(0, [1, 2]);
    await page.settle(line, 2);
    await page.pass(line, 79_900);
    expect(tokensOf(line)).toEqual([]);
    await page.pass(line, 10_200, 2_000);
    await eventually(() => tokensOf(line).length === 1);
    line.send({ type: "authorized", expiresAtMs: 1, expiresInMs: 100_000 });
    await page.pass(line, 79_900, 3_000);
    expect(tokensOf(line)).toEqual(["t2"]);
    await page.pass(line, 10_200, 4_000);
    await eventually(() => tokensOf(line).length === 2);
    line.send({ type: "authorized", expiresAtMs: null, expiresInMs: null });
    await page.pass(line, 1_000_000, 5_000);
    line.events(5_016, [5_017]);
    await eventually(() => recorder.seqs.length === 3);
    expect(recorder.seqs).toEqual([1, 2, 5_017]);
    expect([page.asked, page.relay.connections.length]).toEqual([3, 1]);
    expect(recorder.kinds).toEqual(["connecting", "live"]);
  });

  test("[V8] counts from the arrival of what the relay says, whatever is still to be handled before it", async () => {
    const stream = page.open().stream;
    stream.subscribe(() => new Promise(() => {}));
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 20_000 });
    line.events(0, [1]);
    await line.delivered();
    await vi.advanceTimersByTimeAsync(15_000);
    await eventually(() => tokensOf(line).length === 1);
    line.send({ type: "authorized", expiresAtMs: 1, expiresInMs: 20_000 });
    await line.delivered();
    await vi.advanceTimersByTimeAsync(15_000);
    await eventually(() => tokensOf(line).length === 2);
  });

  test("[V8] goes by a clock that nobody sets", async () => {
    page.open();
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 100_000 });
    await page.settle(line, 1);
    vi.setSystemTime(Date.now() - 3_600_000);
    await page.pass(line, 90_100);
    await eventually(() => tokensOf(line).length === 1);
  });

  test("[V8] where the keys cannot be reached the connection goes on, and the token is brought again", async () => {
    const recorder = page.open();
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 30_000 });
    await page.settle(line, 1);
    await vi.advanceTimersByTimeAsync(25_000);
    await eventually(() => tokensOf(line).length === 1);
    line.send({ type: "problem", problem: { type: "/problems/ws/auth-unavailable", title: "later" } });
    await page.settle(line, 2);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(tokensOf(line)).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5_200);
    await eventually(() => tokensOf(line).length === 2);
    expect(recorder.kinds).toEqual(["connecting", "live"]);
  });

  test("[V8] a token that cannot be had is asked for again before the end", async () => {
    const recorder = page.open({
      token: () => {
        if (++page.asked > 1 && page.asked < 4) throw new Error("no");
        return `t${page.asked}`;
      },
    });
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 100_000 });
    await page.settle(line, 1);
    await page.pass(line, 99_000);
    await eventually(() => tokensOf(line).length === 1);
    expect([page.asked, recorder.kinds]).toEqual([4, ["connecting", "live"]]);
  });

  test("[V8] sends no seventh token in a minute, however short they are", async () => {
    page.open();
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 4_000 });
    for (let sent = 1; sent <= 6; sent += 1) {
      await page.settle(line, sent);
      await vi.advanceTimersByTimeAsync(2_000);
      await eventually(() => tokensOf(line).length === sent);
      line.send({ type: "authorized", expiresAtMs: 1, expiresInMs: 4_000 });
    }
    await page.settle(line, 7);
    await vi.advanceTimersByTimeAsync(45_000);
    expect(tokensOf(line)).toHaveLength(6);
  });

  test("[A1] a token that is a string is never sent again", async () => {
    page.open({ token: "t" });
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 10_000 });
    await page.settle(line, 1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tokensOf(line)).toEqual([]);
  });
});

test("[V2] a text that only looks like one of these frames is the intake's business", async () => {
  const recorder = page.open();
  const line = await page.connection(1);
  line.welcome({ expiresInMs: null });
  line.send('{"type":"welcome","expiresInMs":');
  await eventually(() => recorder.stream.state.kind === "waiting");
  expect(recorder.stream.state).toMatchObject({ reason: "unreadable" });
});

test("[V8] a stream that is closed brings no token", async () => {
  const recorder = page.open();
  const line = await page.connection(1);
  line.welcome({ expiresInMs: 20_000 });
  await page.settle(line, 1);
  recorder.stream.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([page.asked, tokensOf(line)]).toEqual([1, []]);
});
