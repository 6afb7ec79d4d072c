import { describe, expect, it } from "vitest";
import { newInbound, onMessage } from "../../src/room/inbound.ts";

const KIB64 = 64 * 1024;

describe("onMessage", () => {
  it.each([
    ["64 KiB of ASCII", "a".repeat(KIB64), null],
    ["one byte more", "a".repeat(KIB64 + 1), "messageTooBig"],
    ["64 KiB of two-byte characters", "é".repeat(KIB64 / 2), null],
    ["one two-byte character more", "é".repeat(KIB64 / 2) + "é", "messageTooBig"],
    ["three-byte characters just below", "東".repeat(21_845), null],
    ["three-byte characters just above", "東".repeat(21_845) + "aa", "messageTooBig"],
    ["64 KiB of four-byte characters", "😀".repeat(KIB64 / 4), null],
    ["one byte more than four-byte characters", "😀".repeat(KIB64 / 4) + "a", "messageTooBig"],
    ["64 KiB of binary", new ArrayBuffer(KIB64), null],
    ["one byte more of binary", new ArrayBuffer(KIB64 + 1), "messageTooBig"],
    ["nothing", "", null],
  ])("[W10] %s", (_name, message, verdict) => {
    expect(onMessage(newInbound(0), message, 0)).toBe(verdict);
  });

  it("[W10] takes 60 messages a minute, and not one more", () => {
    const inbound = newInbound(0);
    for (let i = 0; i < 60; i++) expect(onMessage(inbound, "x", i)).toBeNull();
    expect(onMessage(inbound, "x", 59_999)).toBe("tooManyMessages");
  });

  it("[W10] counts anew with every minute", () => {
    const inbound = newInbound(0);
    for (let i = 0; i < 60; i++) onMessage(inbound, "x", 59_999);
    expect(onMessage(inbound, "x", 60_000)).toBeNull();
    for (let i = 0; i < 59; i++) expect(onMessage(inbound, "x", 60_001)).toBeNull();
    expect(onMessage(inbound, "x", 119_999)).toBe("tooManyMessages");
    expect(onMessage(inbound, "x", 120_000)).toBeNull();
  });
});
