import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  consumerConfig,
  createSubject,
  deleteSubject,
  epochOf,
  parseCreated,
  parseStreamInfo,
  pullRequest,
  pullSubject,
  streamInfoSubject,
  UpstreamError,
} from "../../../src/upstream/jetstream-api.ts";

function thrown(run: () => unknown): UpstreamError {
  try {
    run();
  } catch (error) {
    if (error instanceof UpstreamError) return error;
  }
  throw new Error("did not throw an UpstreamError");
}

const UNLIMITED = { retention: "limits", replaces: false, maxAgeMs: null, cutsOldest: false, hasMessageTtl: false };

describe("parseStreamInfo", () => {
  const state = { first_seq: 5, last_seq: 9, messages: 4, bytes: 400 };

  it("[W3] reads what a room needs", () => {
    const subjects = ["a.>", "b"];
    const counts = { ...state, num_deleted: 1, last_ts: "2026-01-02T03:04:05.123456789Z" };
    const info = { type: "io.nats…", created: "2026-01-01T00:00:00Z", state: counts, config: { subjects } };
    const last = { seq: 9, time: "1767323045123456789" };
    const read = {
      created: info.created,
      firstSeq: 5,
      lastSeq: 9,
      messages: 4,
      bytes: 400,
      deleted: 1,
      last,
      subjects,
    };
    expect(parseStreamInfo(info)).toEqual({ ...read, shape: UNLIMITED });
  });

  it.each([{ name: "C", leader: "" }, { name: "C" }, { leader: 7 }])(
    "[W6] [W11] the side of a cluster without a leader, %o, has no answer",
    (cluster) => {
      const error = thrown(() => parseStreamInfo({ created: "c", state, cluster }));
      expect([error.verdict, error.message]).toEqual(["unavailable", "the stream has no leader"]);
      expect(parseStreamInfo({ created: "c", state, cluster: { ...cluster, leader: "n1" } }).lastSeq).toBe(9);
    },
  );

  it.each([{ mirror: {} }, { sources: [{}] }, { subject_transform: {} }, { subjects: undefined }])(
    "[W5] which subjects a stream holds is not known with %o",
    (more) => {
      const config = { subjects: ["a"], ...more };
      expect(parseStreamInfo({ created: "c", state, config }).subjects).toBeNull();
    },
  );

  it("[W3] reads one that says nothing of its configuration", () => {
    expect(parseStreamInfo({ created: "c", state }).subjects).toBeNull();
  });

  it("[W4] reads an empty stream", () => {
    expect(parseStreamInfo({ created: "c", state: {} })).toEqual({
      created: "c",
      firstSeq: 0,
      lastSeq: 0,
      messages: 0,
      bytes: 0,
      deleted: 0,
      last: null,
      subjects: null,
      shape: UNLIMITED,
    });
  });

  it.each([null, undefined, "text", 7, {}, { created: "c" }, { state }, { created: 7, state }])(
    "[W11] %o is no answer",
    (answer) => {
      expect(thrown(() => parseStreamInfo(answer)).verdict).toBe("unavailable");
    },
  );

  it.each([
    ["no state", { state: null }],
    ["a list for a state", { state: [] }],
    ["text for a counter", { state: { ...state, last_seq: "9" } }],
    ["a negative counter", { state: { ...state, messages: -1 } }],
    ["a counter above 2^53", { state: { ...state, last_seq: 2 ** 53 } }],
    ["an infinite counter", { state: { ...state, last_seq: Number.POSITIVE_INFINITY } }],
    ["a counter that is no number", { state: { ...state, bytes: Number.NaN } }],
    ["a fraction", { state: { ...state, first_seq: 1.5 } }],
    ["an object for a counter", { state: { ...state, last_seq: {} } }],
    ["a first seq above the last", { state: { ...state, first_seq: 11, last_seq: 9 } }],
    ["no time of creation", { created: null }],
    ["an empty time of creation", { created: "" }],
    ["text for a configuration", { config: "limits" }],
  ])("[W17] [W11] an answer with %s is an error with a name", (_name, odd) => {
    const error = thrown(() => parseStreamInfo({ created: "c", state, ...odd }));
    expect([error.name, error.verdict]).toEqual(["MalformedAnswer", "unavailable"]);
  });

  it.each([
    ["no list of subjects", { subjects: "a.>" }],
    ["subjects that are no text", { subjects: [7] }],
    ["no configuration", null],
  ])("[W17] a stream with %s tells none", (_name, config) => {
    expect(parseStreamInfo({ created: "c", state, config }).subjects).toBeNull();
  });

  it("[W11] an error is one, whatever else is there", () => {
    const error = { code: 404, err_code: 10059, description: "stream not found" };
    expect(thrown(() => parseStreamInfo({ created: "c", state, error })).cause).toBe("stream-missing");
    expect(parseStreamInfo({ created: "c", state, error: null }).lastSeq).toBe(9);
  });
});

const FILTER = "a.>";

describe("parseCreated", () => {
  it("[O8] a consumer with another filter, or with none, is no consumer of ours", () => {
    for (const config of [{ filter_subject: "b.>" }, {}, { filter_subjects: [FILTER] }])
      expect(thrown(() => parseCreated({ config }, FILTER)).cause).toBe("filter-unsupported");
    expect(parseCreated({ config: { filter_subject: FILTER } }, FILTER).start).toBe(1);
  });

  it.each([
    [
      { delivered: { stream_seq: 41, consumer_seq: 0 }, num_pending: 3 },
      { start: 42, pending: 3 },
    ],
    [
      { delivered: {}, num_pending: 0 },
      { start: 1, pending: 0 },
    ],
    [{}, { start: 1, pending: 0 }],
  ])("[W5] %o says where it starts", (answer, expected) => {
    expect(parseCreated(answer, FILTER)).toEqual(expected);
  });

  it.each([
    [{ delivered: null }],
    [{ delivered: { stream_seq: -1 } }],
    [{ delivered: { stream_seq: "7" } }],
    [{ num_pending: 1e300 }],
  ])("[W17] %o makes no sense", (answer) => {
    expect(thrown(() => parseCreated(answer, FILTER)).name).toBe("MalformedAnswer");
  });

  it("[W11] an error is one", () => {
    expect(thrown(() => parseCreated({ error: { code: 400, err_code: 10094 } }, FILTER)).verdict).toBe("refused");
  });
});

describe("any answer", { tags: "long" }, () => {
  it("[W17] is read or is an UpstreamError, and nothing else is thrown", () => {
    const odd = fc.anything({ withNullPrototype: true, withBigInt: true });
    const state = fc.record({ first_seq: odd, last_seq: odd, messages: odd, bytes: odd }, { requiredKeys: [] });
    const answer = fc.oneof(
      odd,
      fc.record({ created: odd, state: fc.oneof(odd, state), config: odd, error: odd }, { requiredKeys: [] }),
      fc.record({ delivered: fc.oneof(odd, fc.record({ stream_seq: odd })), num_pending: odd, error: odd }),
    );
    fc.assert(
      fc.property(answer, (given) => {
        for (const parse of [parseStreamInfo, (value: unknown) => parseCreated(value, FILTER)]) {
          const counts = attempt(() => parse(given));
          for (const count of Object.values(counts ?? {})) {
            if (typeof count === "number") expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

/** What it returns; null when it throws an UpstreamError. */
function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof UpstreamError) return null;
    throw error;
  }
}

describe("requests", () => {
  it("[U1] name stream, consumer and filter", () => {
    expect(streamInfoSubject("S")).toBe("STREAM.INFO.S");
    expect(createSubject("S", "c", "a.*.>")).toBe("CONSUMER.CREATE.S.c.a.*.>");
    expect(deleteSubject("S", "c")).toBe("CONSUMER.DELETE.S.c");
    expect(pullSubject("S", "c")).toBe("CONSUMER.MSG.NEXT.S.c");
  });

  it("[U1] [U2] a consumer acknowledges nothing, lives in memory, has a filter, and the broker collects it", () => {
    expect(consumerConfig({ stream: "S", name: "c", filter: "a.>", startSeq: 7, inactiveMs: 60_000 })).toEqual({
      stream_name: "S",
      config: {
        name: "c",
        ack_policy: "none",
        deliver_policy: "by_start_sequence",
        opt_start_seq: 7,
        filter_subject: "a.>",
        replay_policy: "instant",
        max_deliver: 1,
        mem_storage: true,
        num_replicas: 1,
        inactive_threshold: 60_000_000_000,
      },
    });
  });

  it("[U1] a pull is bounded in bytes only when asked", () => {
    const pull = { batch: 10, expiresMs: 30_000, idleHeartbeatMs: 100 };
    expect(pullRequest(pull)).toEqual({ batch: 10, expires: 30_000_000_000, idle_heartbeat: 100_000_000 });
    expect(pullRequest({ ...pull, maxBytes: 0 })).toMatchObject({ max_bytes: 0 });
  });
});

describe("epochOf", () => {
  it("[V6] is the same for the same stream, and stays so from release to release", () => {
    expect(epochOf("CELLOS_EVENTS", "2026-01-01T00:00:00.000000001Z")).toBe("20ec1c72965d3574");
  });

  it(
    "[V6] differs by stream and by the time of its creation, and is short enough for a query",
    { tags: "long" },
    () => {
      const names = fc.string({ minLength: 1, maxLength: 20 });
      fc.assert(
        fc.property(names, names, names, (stream, created, other) => {
          fc.pre(other !== created && other !== stream);
          const epoch = epochOf(stream, created);
          expect(epoch).toMatch(/^[0-9a-f]{16}$/);
          expect(epochOf(stream, other)).not.toBe(epoch);
          expect(epochOf(other, created)).not.toBe(epoch);
          expect(epochOf(stream, created)).toBe(epoch);
        }),
      );
    },
  );

  it("[V6] differs for creation times a nanosecond apart", () => {
    const epochs = Array.from({ length: 20_000 }, (_, i) =>
      epochOf("S", `2026-01-01T00:00:00.${String(i).padStart(9, "0")}Z`),
    );
    expect(new Set(epochs).size).toBe(20_000);
  });
});
