/** Answers of STREAM.INFO, as the relay reads them. */
import type { Head } from "../../../src/upstream/stream-info.ts";
import type { StreamShape } from "../../../src/upstream/stream-shape.ts";

/** The shape of a stream that nothing but limits of number and size cuts. */
export const LIMITS: StreamShape = {
  retention: "limits",
  replaces: false,
  maxAgeMs: null,
  cutsOldest: true,
  hasMessageTtl: false,
};

export function head(given: Partial<Head> & Pick<Head, "firstSeq" | "lastSeq">): Head {
  const { firstSeq, lastSeq } = given;
  return {
    created: "c",
    epoch: "e",
    floor: firstSeq,
    messages: lastSeq + 1 - firstSeq,
    bytes: (lastSeq + 1 - firstSeq) * 10,
    deleted: 0,
    last: lastSeq === 0 ? null : { seq: lastSeq, time: `t${lastSeq}` },
    subjects: null,
    shape: LIMITS,
    askedAt: 1,
    ...given,
  };
}
