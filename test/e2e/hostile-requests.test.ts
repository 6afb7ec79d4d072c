/** Requests that nobody should be admitted by, byte for byte at the front door; beside each family good neighbours. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PLACE_FAMILIES } from "../support/hostile/places.ts";
import type { HostileRequest, RequestContext } from "../support/hostile/request.ts";
import { REQUEST_FAMILIES } from "../support/hostile/requests.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { secretToken } from "../support/tokens.ts";
import { rawGet, type RawAnswer, type RawHeader } from "../support/wire/raw-request.ts";

const SECRET = "a secret that is long enough for HS256";
const SUBJECTS = ["cellos.events.acme.>", "cellos.events.shop.*.orders"];
const MARK = "Bearer";

let relay: Relay;
let context: RequestContext;

beforeAll(async () => {
  relay = await startRelay({
    vars: {
      JWT_SECRET: SECRET,
      JWT_HEADER: "X-Handed-On",
      RELAY_API_TOKEN: "api",
      ALLOWED_ORIGINS: "https://app.example",
    },
  });
  const tokenFor = (subjects: unknown): Promise<string> => secretToken(SECRET, { subjects });
  context = { token: await tokenFor(SUBJECTS), tokenFor, own: relay.url };
});
afterAll(() => relay.stop());

async function send(request: HostileRequest): Promise<RawAnswer> {
  const { target = "/ws/events", subject, headers = [], rest, credential } = request;
  const isAboutSubjects = "subjects" in request;
  const token = isAboutSubjects ? await context.tokenFor(request.subjects) : context.token;
  const own = credential === false ? [] : ([["Authorization", `${MARK} ${token}`]] as const);
  const needsSubject = credential === false && !target.includes("?");
  const query = subject === undefined ? (needsSubject ? "?subject=cellos.events.acme.x" : "") : `?subject=${subject}`;
  return rawGet(relay.url, target + query, [...own, ...headers], rest);
}

describe.each([...REQUEST_FAMILIES, ...PLACE_FAMILIES])("$name", ({ refusal: [status, type], hostile, good }) => {
  test.each(Object.entries(hostile))("[H2] [H3] [H4] [A1] [A2] [A5] [H6] refuses %s", async (_name, make) => {
    const answer = await send(make(context));
    expect([answer.status, answer.answers], answer.body).toEqual([status, 1]);
    expect(JSON.parse(answer.body.replaceAll(/^[0-9a-f]+\r?\n|\r\n0\r?\n?$/g, ""))).toMatchObject({ type, status });
    expect(answer.body).not.toContain(context.token);
  });

  test.each(Object.entries(good))("[H3] [A2] admits its good neighbour: %s", async (_name, make) => {
    const answer = await send(make(context));
    expect(answer.status, answer.body).toBe(426);
  });
});

describe("a second request in the body of the first", () => {
  const second = `GET /v1/grant HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer api\r\n\r\n`;

  test.each<readonly [string, readonly RawHeader[], string]>([
    ["a length of nothing", [["Content-Length", "0"]], second],
    ["a length", [["Content-Length", String(second.length)]], second],
    [
      "two lengths",
      [
        ["Content-Length", "0"],
        ["Content-Length", String(second.length)],
      ],
      second,
    ],
    [
      "a length and chunks",
      [
        ["Content-Length", "5"],
        ["Transfer-Encoding", "chunked"],
      ],
      `0\r\n\r\n${second}`,
    ],
    ["chunks in other words", [["Transfer-Encoding", "xchunked"]], `0\r\n\r\n${second}`],
    ["chunks on a folded line", [["Transfer-Encoding", "\r\n chunked"]], `0\r\n\r\n${second}`],
  ])("[H2] [A2] is not answered: %s", async (_name, headers, rest) => {
    const answer = await rawGet(relay.url, "/ws/events", headers, rest);
    expect([400, 401, 501]).toContain(answer.status);
    expect(answer.answers).toBe(1);
    expect(answer.body).not.toContain("subjects");
  });
});
