import { describe, expect, test } from "vitest";
import { consumed, FRESH_ACK, type Ack } from "../../../src/client/wire/ack.ts";
import { RelayError } from "../../../src/client/wire/error.ts";
import type { Frame } from "../../../src/client/wire/frame.ts";
import { closeOf } from "../../../src/client/intake.ts";
import { addressOf } from "../../../src/client/options.ts";
import { CLOSE, PROBLEM } from "../../../src/protocol/codes.ts";
import { cursorIn } from "../../../src/client/storage.ts";
import { claimsOf, protocolsFor } from "../../../src/client/wire/token.ts";

describe("[V9] [B1] when to ping", () => {
  /** Consumes frames, and lists after which of them a ping was due. */
  const pings = (...frames: readonly (readonly [Frame["type"], number])[]): number[] => {
    let ack: Ack = FRESH_ACK;
    return frames.flatMap(([type, bytes], index) => {
      ack = consumed(ack, type, bytes, 100);
      return ack.awaits === "pong" && ack.bytes === 0 ? [index] : [];
    });
  };

  test("after ackBytes, and after a heartbeat", () => {
    expect(pings(["welcome", 50], ["events", 49])).toEqual([]);
    expect(pings(["welcome", 50], ["events", 50])).toEqual([1]);
    expect(pings(["heartbeat", 1])).toEqual([0]);
  });

  test("the next only after pong has answered the last, then at once if it is due", () => {
    expect(pings(["events", 100], ["events", 60], ["events", 60], ["pong", 4], ["events", 60])).toEqual([0, 3]);
    expect(pings(["events", 100], ["pong", 4], ["events", 60], ["events", 60])).toEqual([0, 3]);
    expect(pings(["heartbeat", 1], ["heartbeat", 1], ["pong", 4])).toEqual([0, 2]);
  });
});

describe("the address", () => {
  const address = (url: string, options = {}, from: Parameters<typeof addressOf>[1] = null): string =>
    addressOf({ url, ...options }, from).href;

  test("of a relay, or in full, by http or ws", () => {
    expect(address("https://relay.example")).toBe("wss://relay.example/ws/events");
    expect(address("http://relay.example/")).toBe("ws://relay.example/ws/events");
    expect(address("wss://relay.example/deep/events?ticket=t")).toBe("wss://relay.example/deep/events?ticket=t");
  });

  test("[H1] with subject, since and epoch", () => {
    expect(address("wss://r", { subject: "cellos.events.>" }, { seq: 0 })).toMatch(
      /\?subject=cellos.events.%3E&since=0$/,
    );
    expect(address("wss://r", {}, { seq: 7, epoch: "e" })).toMatch(/\?since=7&epoch=e$/);
  });

  test("a URL that is none is told at once", () => {
    expect(() => address("relay")).toThrow(TypeError);
  });
});

describe("[V1] the token", () => {
  const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

  test("travels as a subprotocol, in base64url of its UTF-8", () => {
    expect(protocolsFor(undefined)).toEqual(["cellos.relay.v2"]);
    const [, bearer = ""] = protocolsFor("tökén?>~");
    expect(Buffer.from(bearer.replace("bearer.", ""), "base64url").toString()).toBe("tökén?>~");
    expect(bearer).toMatch(/^bearer\.[A-Za-z0-9_-]+$/);
  });

  test("claims are read, and anything else is no JWT", () => {
    expect(claimsOf(jwt({ exp: 5, sub: "??>>" }))).toEqual({ exp: 5, sub: "??>>" });
    for (const text of ["", "t", "a.b.c", "a.!.c"]) expect(claimsOf(text)).toBeNull();
  });
});

describe("cursorIn", () => {
  const memory = (content = new Map<string, string>()) => ({
    getItem: (key: string) => content.get(key) ?? null,
    setItem: (key: string, value: string) => void content.set(key, value),
  });

  test("keeps a cursor, and takes what it does not know for none", () => {
    const store = cursorIn(memory(), "k");
    expect(store.load()).toBeNull();
    void store.save({ seq: 7, epoch: "e" });
    expect(store.load()).toEqual({ seq: 7, epoch: "e" });
    expect(cursorIn(memory(new Map([["k", "{oops"]])), "k").load()).toBeNull();
    expect(cursorIn(memory(new Map([["k", "{}"]])), "k").load()).toBeNull();
  });
});

test("[H3] a RelayError says what happened and carries what the relay said", () => {
  const problem = { type: "/problems/unauthorized", title: "Unauthorized", detail: "Obtain a new one." };
  const error = new RelayError("refused", { status: 401, problem });
  expect(error.message).toBe("refused 401 Obtain a new one.");
  expect(error).toMatchObject({ name: "RelayError", reason: "refused", status: 401, problem });
  expect(error.code).toBeUndefined();
  expect(new RelayError("lost", { code: 1006 }).message).toBe("lost 1006");
});

test("[C] [V5] a problem whose close does not come is taken for that close", () => {
  for (const [name, { type }] of Object.entries(PROBLEM)) {
    const { code, reason } = CLOSE[name as keyof typeof PROBLEM];
    expect(closeOf({ type })).toMatchObject({ code, reason });
  }
  for (const type of ["/problems/ws/new", "", undefined])
    expect(closeOf(type === undefined ? {} : { type })).toEqual({ code: 1006, reason: "" });
});
