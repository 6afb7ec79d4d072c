import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grown, isRestTooLong, limitsIn, NO_LIMITS, pullBytes, pullTerms } from "../../../src/upstream/pull-terms.ts";

const MIB = 1024 * 1024;
const WANTED = { batch: 512, bytes: MIB, expiresMs: 30_000, idleHeartbeatMs: 5_000 };

describe("the terms of a pull", () => {
  it("[P21] [JS-22] the limits of a consumer are read from the answer to its creation, and nothing else is one", () => {
    const config = { max_batch: 100, max_expires: 1_000_000_000, max_bytes: 2_000 };
    expect(limitsIn({ config })).toEqual({ batch: 100, expiresMs: 1_000, bytes: 2_000 });
    for (const answer of [
      null,
      "x",
      {},
      { config: null },
      { config: { max_batch: 0, max_expires: -1, max_bytes: "9" } },
    ])
      expect(limitsIn(answer)).toEqual(NO_LIMITS);
  });

  it("[P21] [JS-23] only the one error says that the stream allows less rest", () => {
    expect(isRestTooLong({ error: { code: 400, err_code: 10153 } })).toBe(true);
    for (const answer of [{}, null, { error: null }, { error: { code: 400, err_code: 10026 } }])
      expect(isRestTooLong(answer)).toBe(false);
  });

  it("[U1] [JS-9] a pull has room for the largest message, and ever more where one did not fit", () => {
    expect(pullBytes(1_000, 1)).toBe(MIB);
    expect(pullBytes(8 * MIB, 1)).toBe(8 * MIB + 64 * 1024);
    expect([grown(1), grown(128), grown(256)]).toEqual([2, 256, 256]);
    expect(pullBytes(1, grown(128))).toBeGreaterThan(64 * MIB);
  });

  it("[P21] without limits what is wanted is asked for", () => {
    expect(pullTerms(WANTED, NO_LIMITS)).toEqual({ ...WANTED, maxBytes: MIB });
  });

  it("[P21] [U1] [JS-8] whatever the limits, the broker takes the pull, and a message of any size fits", () => {
    const limit = fc.option(fc.integer({ min: 1, max: 40_000 }));
    const limits = fc.record({
      batch: limit,
      expiresMs: limit,
      bytes: fc.option(fc.integer({ min: 1, max: 3 * MIB })),
    });
    const wanted = fc.record({
      batch: fc.integer({ min: 1, max: 600 }),
      bytes: fc.integer({ min: MIB, max: 2 * MIB }),
      expiresMs: fc.integer({ min: 1_000, max: 30_000 }),
      idleHeartbeatMs: fc.integer({ min: 100, max: 500 }),
    });
    fc.assert(
      fc.property(wanted, limits, (asked, given) => {
        const terms = pullTerms(asked, given);
        expect(terms.batch).toBeGreaterThanOrEqual(1);
        expect(terms.batch).toBeLessThanOrEqual(Math.min(asked.batch, given.batch ?? Infinity));
        expect(terms.expiresMs).toBeLessThanOrEqual(Math.min(asked.expiresMs, given.expiresMs ?? Infinity));
        expect(2 * terms.idleHeartbeatMs).toBeLessThanOrEqual(terms.expiresMs);
        expect(terms.maxBytes ?? 0).toBeLessThanOrEqual(given.bytes ?? Infinity);
        // Bounded by its bytes, or by its one message.
        expect(terms.maxBytes === asked.bytes || (terms.maxBytes === null && terms.batch === 1)).toBe(true);
      }),
    );
  });
});
