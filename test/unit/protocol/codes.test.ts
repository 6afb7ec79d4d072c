import { describe, expect, it } from "vitest";
import { CLOSE, PROBLEM, type CloseName, type Verdict } from "../../../src/protocol/codes.ts";

/** The table of rule C, written again: a name without a row does not compile. */
const TABLE: Record<CloseName, readonly [code: number, reason: string, verdict: Verdict]> = {
  normal: [1000, "", "stop"],
  noBroker: [1008, "no upstream broker configured", "back-off-long"],
  subscribeFailed: [1008, "subscribe failed", "back-off-long"],
  tooManyMessages: [1008, "too many messages", "back-off-long"],
  messageTooBig: [1009, "message too big", "stop"],
  internalError: [1011, "internal error", "resume"],
  upstreamUnavailable: [1013, "upstream unavailable", "resume"],
  tokenExpired: [4401, "token-expired", "renew-token"],
  tokenRefused: [4401, "token-refused", "renew-token"],
  forbidden: [4403, "forbidden", "stop"],
  slowConsumer: [4408, "slow-consumer", "resume"],
  retentionExhausted: [4410, "retention-exhausted", "rehydrate"],
  streamReset: [4410, "stream-reset", "rehydrate"],
};

describe("PROBLEM", () => {
  it("[V5] has a type of its own and a title for every close with a reason", () => {
    const reasons = Object.entries(CLOSE).filter(([, { reason }]) => reason !== "");
    expect(Object.keys(PROBLEM).toSorted()).toEqual(reasons.map(([name]) => name).toSorted());
    const types = Object.values(PROBLEM).map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
    for (const { type, title } of Object.values(PROBLEM)) {
      expect(type).toMatch(/^\/problems\/ws\/[a-z-]+$/);
      expect(title).toMatch(/^[A-Z][^.]+$/);
    }
  });
});

describe("CLOSE", () => {
  it.each(Object.entries(TABLE))(
    "[W5] [W6] [W10] [W11] [W13] %s is as the specification says",
    (name, [code, reason, verdict]) => {
      expect(CLOSE[name as CloseName]).toEqual({ code, reason, verdict });
    },
  );

  it("[W11] has no other", () => {
    expect(Object.keys(CLOSE).toSorted()).toEqual(Object.keys(TABLE).toSorted());
  });

  it.each(Object.entries(CLOSE))(
    "[W11] %s may be sent: its code is no one's own, its reason fits",
    (_name, { code, reason }) => {
      expect([1004, 1005, 1006, 1015]).not.toContain(code);
      expect((code >= 1000 && code <= 1014) || (code >= 4000 && code <= 4999)).toBe(true);
      expect(new TextEncoder().encode(reason).byteLength).toBeLessThanOrEqual(123);
    },
  );

  it("[W11] tells apart by its reason what shares a code", () => {
    const pairs = Object.values(CLOSE).map(({ code, reason }) => `${code} ${reason}`);
    expect(new Set(pairs).size).toBe(pairs.length);
  });
});
