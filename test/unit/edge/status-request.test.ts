import { describe, expect, it } from "vitest";
import { loadConfig } from "../../../src/config/config.ts";
import type { CallerInput } from "../../../src/edge/admission.ts";
import { admitStatus } from "../../../src/edge/status-request.ts";

const loaded = loadConfig({ SUBJECT_ROOT: "a.>" });
if (!loaded.ok) throw new Error(loaded.problem);
const { config } = loaded;

const GOOD: CallerInput = {
  authentication: {
    kind: "granted",
    grant: { subjects: ["a.b.>"], expiresAtMs: null, id: "0", mark: { kind: "api-token" } },
  },
  origin: null,
  ownOrigin: "https://relay.example",
};

function outcome(search: string, input: Partial<CallerInput> = {}): unknown {
  const question = admitStatus({ ...GOOD, ...input }, search, config);
  return question.kind === "refused" ? question.reason : [question.subject, question.all];
}

describe("admitStatus", () => {
  it.each([
    ["?subject=a.b.c", ["a.b.c", false]],
    ["?subject=a.b.c&all=1", ["a.b.c", true]],
    ["", ["a.b.>", false]],
    ["?since=x&ticket=y&meta=7&subject=a.b.%3E", ["a.b.>", false]],
  ])("[O4] [H1] %j is %j", (search, asked) => {
    expect(outcome(search)).toEqual(asked);
  });

  it.each([
    ["?subject=a..b", "bad-subject"],
    ["?subject=", "bad-subject"],
    ["?subject=%ff", "bad-encoding"],
    ["?subject=a.b&subject=a.c", "repeated-parameter"],
    ["?all=0", "bad-all"],
    ["?all=", "bad-all"],
    ["?all=1&all=1", "repeated-parameter"],
    ["?subject=a.c.d", "subject-forbidden"],
    ["?subject=b.c", "subject-forbidden"],
  ])("[O4] [H3] [H4] [H5] %j is refused: %s", (search, reason) => {
    expect(outcome(search)).toBe(reason);
  });

  it("[O4] [H3] asks who it is, and from what page, before anything else", () => {
    expect(outcome("?all=0", { authentication: { kind: "missing" } })).toBe("credential-missing");
    expect(outcome("?all=0", { origin: "https://evil.example" })).toBe("origin-forbidden");
  });
});
