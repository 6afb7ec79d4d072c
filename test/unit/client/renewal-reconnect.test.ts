import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { eventually, StoppedStream, tokensOf } from "../../support/wire/stopped-stream.ts";

let page: StoppedStream;

beforeEach(async () => {
  page = await StoppedStream.start();
});
afterEach(() => page[Symbol.asyncDispose]());

describe("by another connection", () => {
  test("[V8] where no answer comes: resumes after what was handled, once", async () => {
    const gate = Promise.withResolvers<void>();
    const recorder = page.open();
    recorder.stream.subscribe(({ seq }) => (seq === 2 ? gate.promise : undefined));
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 20_000 });
    line.events(0, [1, 2]);
    await line.delivered();
    await vi.advanceTimersByTimeAsync(15_000);
    await eventually(() => tokensOf(line).length === 1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(page.relay.connections).toHaveLength(1);
    gate.resolve();
    await eventually(() => recorder.stream.state.kind === "waiting");
    expect(recorder.stream.state).toMatchObject({ reason: "token-expired" });
    await vi.advanceTimersByTimeAsync(1);
    const next = await page.connection(2);
    expect([next.token, next.query.get("since")]).toEqual(["t3", "2"]);
    next.welcome({ cursor: 2, expiresInMs: 20_000 });
    next.events(2, [3]);
    await eventually(() => recorder.seqs.length === 3);
    expect(recorder.seqs).toEqual([1, 2, 3]);
  });

  test("[V8] where the relay does not know how, by what the token says of itself", async () => {
    const jwt = (n: number): string =>
      `e30.${Buffer.from(JSON.stringify({ n, exp: Math.floor(Date.now() / 1_000) + 100 })).toString("base64url")}.x`;
    page.open({ token: () => jwt(++page.asked) });
    const line = await page.connection(1);
    line.welcome();
    await page.settle(line, 1);
    await page.pass(line, 79_000);
    expect(page.relay.connections).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(11_100);
    const next = await page.connection(2);
    expect([line.received.filter((text) => text !== "ping"), next.query.get("since")]).toEqual([[], "1001"]);
    expect(page.asked).toBe(2);
  });

  test("[V8] [C] a token that is refused is told, and another tried; a second refusal ends the stream", async () => {
    const recorder = page.open();
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 20_000 });
    await page.settle(line, 1);
    await vi.advanceTimersByTimeAsync(15_000);
    await eventually(() => tokensOf(line).length === 1);
    line.send({ type: "problem", problem: { type: "/problems/ws/unauthorized", title: "Token is not valid" } });
    line.close(4401, "token-refused");
    await eventually(() => recorder.stream.state.kind === "waiting");
    expect(recorder.stream.state).toMatchObject({
      reason: "token-refused",
      error: { code: 4401, problem: { title: "Token is not valid" } },
    });
    await vi.advanceTimersByTimeAsync(1);
    expect((await page.connection(2)).token).toBe("t3");
  });

  test("[V8] [C] a token of too small a grant stops the stream", async () => {
    const recorder = page.open();
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 20_000 });
    line.close(4403, "forbidden");
    await eventually(() => recorder.stream.state.kind === "closed");
    expect(recorder.stream.state).toMatchObject({ error: { code: 4403, reason: "forbidden" } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect([page.asked, page.relay.connections.length]).toEqual([1, 1]);
  });
});

describe("a ticket", () => {
  const ticket = async (): Promise<string> => `ticket ${++page.asked}`;

  test("[H8] stands in the address, without a token beside it, and is fetched anew for each connection", async () => {
    const recorder = page.open({ ticket });
    const line = await page.connection(1);
    expect([line.query.get("ticket"), line.token]).toEqual(["ticket 1", ""]);
    line.welcome();
    line.events(0, [1]);
    await eventually(() => recorder.seqs.length === 1);
    line.close(1012);
    await eventually(() => recorder.stream.state.kind === "waiting");
    await vi.advanceTimersByTimeAsync(30_000);
    const next = await page.connection(2);
    expect([next.query.get("ticket"), next.query.get("since")]).toEqual(["ticket 2", "1"]);
  });

  test("[H8] [V8] what it opened is renewed by another ticket, or by the token where there is one", async () => {
    const recorder = page.open({ ticket });
    const line = await page.connection(1);
    line.welcome({ expiresInMs: 20_000 });
    await page.settle(line, 1);
    await vi.advanceTimersByTimeAsync(15_100);
    const next = await page.connection(2);
    expect([next.query.get("ticket"), next.query.get("since")]).toEqual(["ticket 2", "1"]);
    recorder.stream.close();

    page.open({ ticket, token: () => "the token" });
    const third = await page.connection(3);
    expect([third.query.get("ticket"), third.token]).toEqual(["ticket 3", ""]);
    third.welcome({ expiresInMs: 20_000 });
    await page.settle(third, 1);
    await vi.advanceTimersByTimeAsync(15_000);
    await eventually(() => tokensOf(third).length === 1);
    expect(tokensOf(third)).toEqual(["the token"]);
  });

  test("[H8] one that was refused is replaced once", async () => {
    const stream = page.open({ ticket, url: page.relay.url.replace("ws", "http") }).stream;
    const line = await page.connection(1);
    line.welcome();
    line.close(4401, "token-expired");
    await eventually(() => stream.state.kind === "waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect((await page.connection(2)).query.get("ticket")).toBe("ticket 2");
  });
});
