import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventStream, type EventStreamOptions } from "../../../src/client/index.ts";
import { Recorder } from "../../support/browser/recorder.ts";
import { ScriptedRelay } from "../../support/wire/scripted-relay.ts";
import { until } from "../../support/until.ts";

const streams: EventStream[] = [];
let relay: ScriptedRelay;

beforeEach(async () => {
  relay = await ScriptedRelay.start();
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await relay[Symbol.asyncDispose]();
  vi.unstubAllGlobals();
});

function open(options: Partial<EventStreamOptions> = {}): EventStream {
  const stream = new EventStream({ url: relay.url, token: "t", ...options });
  streams.push(stream);
  return stream;
}

describe("for the page", () => {
  test("what a handler did is saved before the next event, and a heartbeat's cursor too", async () => {
    const log: string[] = [];
    const store = { load: () => null, save: ({ seq }: { seq: number }) => void log.push(`saved ${seq}`) };
    const stream = open({ store });
    stream.subscribe(async ({ seq }) => {
      log.push(`begin ${seq}`);
      await Promise.resolve();
      log.push(`end ${seq}`);
    });
    const connection = await relay.connection(1);
    connection.welcome();
    connection.events(0, [1, 2]);
    connection.send({ type: "heartbeat", cursor: 9, upstream: "connected" });
    await until("the heartbeat", () => stream.cursor?.seq === 9);
    expect(log).toEqual(["saved 0", "begin 1", "end 1", "begin 2", "saved 1", "end 2", "saved 2", "saved 9"]);
  });

  test("the store's cursor goes before since, and is awaited", async () => {
    const store = { load: async () => ({ seq: 5, epoch: "e" }), save: () => {} };
    open({ since: 1, store });
    expect(Object.fromEntries((await relay.connection(1)).query)).toEqual({ since: "5", epoch: "e" });
  });

  test("a handler that throws is an uncaught error of the page, and the others go on", async () => {
    const uncaught: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (run: () => void) => {
      try {
        run();
      } catch (error) {
        uncaught.push(error);
      }
    });
    const stream = open();
    stream.subscribe(() => {
      throw new Error("at once");
    });
    stream.subscribe(() => Promise.reject(new Error("later")));
    const recorder = new Recorder(stream);
    const connection = await relay.connection(1);
    connection.welcome();
    connection.events(0, [1, 2]);
    await recorder.has(2);
    await until("the cursor", () => stream.cursor?.seq === 2);
    expect(uncaught).toEqual([new Error("at once"), new Error("later"), new Error("at once"), new Error("later")]);
  });

  test("close in a handler: it was the last", async () => {
    const stream = open();
    const seen: number[] = [];
    stream.subscribe(({ seq }) => {
      seen.push(seq);
      if (seq === 2) stream.close();
    });
    const connection = await relay.connection(1);
    connection.welcome();
    connection.events(0, [1, 2, 3]);
    await until("it left", () => connection.closedWith !== null);
    expect(seen).toEqual([1, 2]);
    expect(stream.cursor?.seq).toBe(2);
    expect(stream.state).toEqual({ kind: "closed", error: null });
  });

  test("every handler sees every event once, whoever comes and goes", async () => {
    const stream = open();
    const recorder = new Recorder(stream);
    const other: number[] = [];
    const unsubscribe = stream.subscribe(({ seq }) => {
      other.push(seq);
      if (seq === 2) unsubscribe();
    });
    const connection = await relay.connection(1);
    connection.welcome();
    connection.events(0, [1, 2, 3]);
    await recorder.has(3);
    expect(other).toEqual([1, 2]);
    unsubscribe();
  });

  test("a loop over a stream that has closed ends at once", async () => {
    const stream = open();
    stream.close();
    const seen: unknown[] = [];
    for await (const item of stream) seen.push(item);
    expect(seen).toEqual([]);
  });

  test("an address that is none is told at once", () => {
    expect(() => new EventStream({ url: "not a url" })).toThrow(TypeError);
  });

  test("nobody looks: patient; somebody looks again, or the network is back: at once", async () => {
    const page = Object.assign(new EventTarget(), { visibilityState: "hidden" });
    vi.stubGlobal("document", page);
    const network = new EventTarget();
    vi.stubGlobal("addEventListener", network.addEventListener.bind(network));
    vi.spyOn(Math, "random").mockReturnValue(0.9);
    const stream = open();
    const recorder = new Recorder(stream);
    for (const [attempt, wake] of [
      () => network.dispatchEvent(new Event("online")),
      () => page.dispatchEvent(new Event("visibilitychange")),
    ].entries()) {
      const connection = await relay.connection(attempt + 1);
      connection.welcome();
      await recorder.reaches("live");
      connection.close(1012);
      const { retryAtMs } = await recorder.reaches("waiting");
      expect(retryAtMs - Date.now()).toBeGreaterThan(20_000);
      page.dispatchEvent(new Event("visibilitychange"));
      expect(stream.state.kind).toBe("waiting");
      if (attempt === 1) page.visibilityState = "visible";
      wake();
      expect(stream.state.kind).toBe("connecting");
    }
    stream.close();
    page.dispatchEvent(new Event("visibilitychange"));
    vi.restoreAllMocks();
  });
});
