import { none, rule } from "../check.ts";

/** Codes and reasons of section C; a code without reasons may have any. */
const TABLE: Readonly<Record<number, readonly string[]>> = {
  1000: [],
  1001: [],
  1008: ["no upstream broker configured", "subscribe failed", "too many messages"],
  1009: [],
  1011: [],
  1012: [],
  1013: ["upstream unavailable"],
  4401: ["token-expired", "token-refused"],
  4403: ["forbidden"],
  4408: ["slow-consumer"],
  4410: ["retention-exhausted", "stream-reset"],
};
const MAX_REASON_BYTES = 123;
/** What the checks themselves close with; 1005 is the answer to no code at all. */
const OURS = [4005, 4999, 3000, 1005];

rule(
  "C",
  "every close seen in this run has a code and a reason of the table",
  async ({ closes }) => {
    const problems = closes.flatMap(({ id, code, reason }) => {
      if (OURS.includes(code)) return [];
      const reasons = TABLE[code];
      if (reasons === undefined) return [`${id}: expected a code of the table got ${code} ${reason}`];
      if (reasons.length > 0 && !reasons.includes(reason)) return [`${id}: expected a reason of ${code} got ${reason}`];
      return Buffer.byteLength(reason) > MAX_REASON_BYTES ? [`${id}: expected a short reason got ${reason}`] : [];
    });
    none("closes", problems);
  },
  "loads",
);
