import { describe, expect, it } from "vitest";
import { NoResponders, parseMessageTime, UpstreamError } from "../../../src/upstream/jetstream-api.ts";
import { lookFor } from "../../../src/upstream/landmarks.ts";
import { ScriptedConnection } from "../../support/broker/scripted-link.ts";

function thrown(run: () => unknown): UpstreamError {
  try {
    run();
  } catch (error) {
    if (error instanceof UpstreamError) return error;
  }
  throw new Error("did not throw an UpstreamError");
}

describe("parseMessageTime", () => {
  it("[W6] reads when a message came, null where there is none", () => {
    expect(parseMessageTime({ message: { seq: 1, time: "1970-01-01T00:00:01.5Z" } })).toBe("1500000000");
    expect(parseMessageTime({ error: { code: 404, err_code: 10037, description: "no message found" } })).toBeNull();
  });

  it.each([{}, { message: {} }, { message: { time: "soon" } }, { message: 7 }, null, "text"])(
    "[W17] %o is no answer",
    (answer) => expect(thrown(() => parseMessageTime(answer)).verdict).toBe("unavailable"),
  );

  it("[W11] throws what the broker refuses", () => {
    expect(thrown(() => parseMessageTime({ error: { code: 400, err_code: 10039 } })).verdict).toBe("refused");
  });
});

const found = (time: string): object => ({ message: { seq: 1, time } });
const GONE = { error: { code: 404, err_code: 10037, description: "no message found" } };
const KNOWN = [
  { seq: 9, time: "9000000000" },
  { seq: 4, time: "4000000000" },
];

/** Asks for the two known messages; `answer` is given the seq. */
async function look(answer: (seq: number) => object): Promise<{ seen: string; asked: number[]; refused: string[] }> {
  const connection = new ScriptedConnection();
  const refused: string[] = [];
  const seqOf = (body: object | null): number => (body as { seq: number }).seq;
  connection.answer = ({ body }) => answer(seqOf(body));
  const seen = await lookFor(KNOWN, { connection, stream: "S" }, (why) => refused.push(why));
  return { seen, asked: connection.requests.map(({ body }) => seqOf(body)), refused };
}

describe("lookFor", () => {
  it.each([
    ["the newest is there", () => found("1970-01-01T00:00:09Z"), "same", [9]],
    ["another is in its place", () => found("1970-01-01T00:00:08Z"), "other", [9]],
    ["the newest is gone", (seq: number) => (seq === 9 ? GONE : found("1970-01-01T00:00:04Z")), "same", [9, 4]],
    ["all are gone", () => GONE, "unknown", [9, 4]],
  ] as const)("[W6] [P8] %s", async (_name, answer, seen, asked) => {
    expect(await look(answer)).toEqual({ seen, asked, refused: [] });
  });

  it.each([new UpstreamError("permission", "forbidden"), new NoResponders("forbidden")])(
    "[P8] is unknown, and says why, where the broker lets nobody ask: %s",
    async (error) => {
      const { seen, refused } = await look(() => {
        throw error;
      });
      expect([seen, refused]).toEqual(["unknown", [error.message]]);
    },
  );

  it("[W11] no answer is none", async () => {
    const asking = look(() => {
      throw new UpstreamError("timeout", "late");
    });
    await expect(asking).rejects.toThrow("late");
  });
});
