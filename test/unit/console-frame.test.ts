import { describe, expect, it } from "vitest";
import { ACK_CHARS, FRESH_ACK, countFrame } from "../../src/console/ack.ts";
import { eventText, readFrame } from "../../src/console/frame.ts";
import { heartbeatFrame, problemFrame } from "../../src/protocol/frames.ts";
import { V1 } from "../../src/protocol/subprotocol.ts";

describe("readFrame", () => {
  it("[W1] reads an envelope and keeps its text", () => {
    const text = '{"seq":7,"event":{"id":"a","type":"t","source":"/s","subject":"x","time":"2026-01-01T00:00:00Z"}}';
    const fields = { id: "a", type: "t", source: "/s", subject: "x", time: "2026-01-01T00:00:00Z" };
    expect(readFrame(text)).toEqual({ kind: "event", seq: 7, fields, text });
  });

  it.each(["42", '"text"', "[1]", "null", "{}"])("[W7] lists an event that is %s, with empty fields", (event) => {
    expect(readFrame(`{"seq":7,"event":${event}}`)).toMatchObject({
      kind: "event",
      seq: 7,
      fields: { type: "", id: "" },
    });
  });

  it("[W8] knows the relay's own heartbeat", () => {
    const { text } = heartbeatFrame(V1, { cursor: 12, epoch: "e", upstream: "connected", nowMs: 0 });
    expect(readFrame(text)).toEqual({ kind: "heartbeat", seq: 12 });
  });

  it.each([
    ["W5", "retention-exhausted"],
    ["W6", "stream-reset"],
  ] as const)("[%s] reads the problem %s", (_, why) => {
    const frame = readFrame(problemFrame(V1, why, 9));
    expect(frame).toMatchObject({ kind: "problem", problem: { type: `/problems/ws/${why}`, oldestSeq: 9 } });
  });

  it("[W10] knows the answer to a ping, which is not JSON", () => expect(readFrame("pong")).toEqual({ kind: "pong" }));

  it.each(["", "{", "[]", "1", '{"seq":1}', '{"event":{}}', '{"seq":-1,"event":{}}', '{"seq":"1","event":{}}'])(
    "calls %j unreadable",
    (text) => expect(readFrame(text)).toEqual({ kind: "unreadable" }),
  );
});

describe("eventText", () => {
  it("[W1] cuts the event out of the envelope, every digit and space as it was", () => {
    const event = '{ "n":9007199254740993, "e":1.0e+2, "s":"}\\"{" }';
    expect(eventText(`{"seq":7,"event":${event}}`)).toBe(event);
  });

  it("returns the whole frame when it has another shape", () =>
    expect(eventText('{"event":1,"seq":2}')).toBe('{"event":1,"seq":2}'));
});

describe("countFrame", () => {
  it("[W10] asks for a ping once 256 KiB came, not before", () => {
    const half = countFrame(FRESH_ACK, "event", ACK_CHARS - 1);
    expect(half.effect).toBe("none");
    expect(countFrame(half.ack, "event", 1).effect).toBe("send-ping");
  });

  it("[B1] asks for a ping after a heartbeat, but for no second one before pong", () => {
    const first = countFrame(FRESH_ACK, "heartbeat", 100);
    const second = countFrame(first.ack, "heartbeat", 100);
    expect([first.effect, second.effect]).toEqual(["send-ping", "none"]);
    expect(countFrame(second.ack, "pong", 4).effect).toBe("send-ping");
    expect(countFrame(first.ack, "pong", 4).effect).toBe("none");
  });
});
