import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CAUSES, diagnose, type Cause } from "../../../src/upstream/causes.ts";
import { greetingError, upgradeError } from "../../../src/upstream/greeting.ts";
import { lastingSubject, NoResponders, UpstreamError } from "../../../src/upstream/jetstream-api.ts";

const NAMES = Object.keys(CAUSES) as Cause[];
const PLACE = {
  servers: ["wss://user:hunter2@one.example:443/path?x", "ws://two.example"],
  stream: "EVENTS",
  auth: "userpass",
} as const;

describe("the causes", () => {
  it("[O8] [W11] those that an operator must mend are refused, the others may pass", () => {
    const refused = NAMES.filter((cause) => CAUSES[cause].verdict === "refused");
    expect(refused.toSorted()).toEqual([
      "authorization",
      "consumer-limit",
      "consumer-refused",
      "filter-unsupported",
      "jetstream-off",
      "permission",
      "stream-missing",
      "stream-unsupported",
    ]);
  });

  it.each(NAMES)("[O8] [A6] %s is one sentence, with nothing left to fill in and no credential", (cause) => {
    const { sentence } = diagnose(new UpstreamError(cause, "THE DETAIL"), PLACE);
    expect(sentence).toMatch(/^[A-Z].{40,}\.$/);
    expect(sentence).not.toMatch(/[{}@]|hunter2|path/);
    const template = CAUSES[cause].sentence;
    if (template.includes("{address}")) expect(sentence).toContain("wss://one.example:443, ws://two.example");
    expect(sentence.includes("THE DETAIL")).toBe(template.includes("{detail}"));
  });

  it("[O8] [A6] a refused login names the settings that were sent, and what is likeliest stands first", () => {
    const login = (auth: "none" | "userpass"): string =>
      diagnose(new UpstreamError("authorization", "at the login"), { ...PLACE, auth }).sentence;
    expect(login("none")).toContain("sent: no credential)");
    expect(login("userpass")).toContain("sent: NATS_USER and NATS_PASS)");
    const away = (server: string): string =>
      diagnose(new UpstreamError("unreachable", ""), { ...PLACE, servers: [server] }).sentence;
    expect(away("wss://a.example")).toMatch(/^No connection to wss:\/\/a\.example: TLS fails .* is wrong/);
    expect(away("ws://a.example")).toMatch(/^No connection to ws:\/\/a\.example: the broker is down.* TLS fails/);
  });

  it("[O8] docs/logs.md has a row for each of them, with the close that it is, and no other", () => {
    const text = readFileSync(new URL("../../../docs/logs.md", import.meta.url), "utf8");
    const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (1008|1013) \| [^|]+ \| [^|]+ \|$/gm)];
    const closes = NAMES.map((cause) => {
      const isRefused = cause === "not-configured" || CAUSES[cause].verdict === "refused";
      return [cause, isRefused ? "1008" : "1013"];
    });
    expect(rows.map(([, cause, close]) => [cause, close])).toEqual(closes);
  });
});

describe("what answered the upgrade", () => {
  it.each([
    [429, "gateway"],
    [502, "gateway"],
    [503, "gateway"],
    [504, "gateway"],
    [521, "gateway"],
    [530, "gateway"],
    [401, "authorization"],
    [403, "authorization"],
    [200, "not-a-broker"],
    [302, "not-a-broker"],
    [400, "not-a-broker"],
    [404, "not-a-broker"],
    [500, "not-a-broker"],
  ])("[O8] status %i is %s", (status, cause) => {
    const error = upgradeError(status);
    expect([error.cause, error.message]).toEqual([cause, expect.stringContaining(String(status))]);
  });

  it.each([
    [null, "unreachable"],
    ["-ERR 'maximum connections exceeded'\r\n", "connection-limit"],
    ["INFO {}\r\n-ERR 'maximum account active connections exceeded'\r\n", "connection-limit"],
    ["INFO {}\r\n-ERR 'Authorization Violation'\r\n", "authorization"],
    ["INFO {}\r\n-ERR 'Account Authentication Expired'\r\n", "authorization"],
    ["INFO {}\r\n-ERR 'Authentication Timeout'\r\n", "timeout"],
    ["-ERR 'attempted to connect to route port'\r\n", "not-a-broker"],
    ["<html>hello</html>", "not-a-broker"],
    ["", undefined],
    ["INFO {}\r\n", undefined],
    [`INFO {"auth_required":true}\r\n`, undefined],
  ])("[O8] the first words %j are %s", (heard, cause) => {
    expect(greetingError(heard, false)?.cause).toBe(cause);
  });

  it("[O8] a close at the login is a refusal, though its reason was lost, where there is a login", () => {
    expect(greetingError(`INFO {"auth_required":true}\r\n`, true)?.cause).toBe("authorization");
    expect(greetingError("INFO {}\r\n", true)).toBeNull();
    expect(greetingError("", true)).toBeNull();
  });
});

describe("the subject of a refusal", () => {
  it.each([
    ["$JS.API.STREAM.INFO.S", "$JS.API.STREAM.INFO.S"],
    ["$JS.API.CONSUMER.CREATE.S.relay-0123456789abcdef.a.>", "$JS.API.CONSUMER.CREATE.S.*.a.>"],
    ["$JS.API.CONSUMER.MSG.NEXT.S.relay-0123456789abcdef", "$JS.API.CONSUMER.MSG.NEXT.S.*"],
    ["_INBOX.ABCDEFGHIJ0123456789AB.*", "_INBOX.>"],
    ["_INBOX.ABCDEFGHIJ0123456789AB", "_INBOX.>"],
  ])("[O8] %s is told as %s, the same each time", (subject, told) => {
    expect(lastingSubject(subject)).toBe(told);
  });

  it("[O8] nobody who answers is JetStream switched off", () => {
    expect(new NoResponders("$JS.API.STREAM.INFO.S")).toMatchObject({ cause: "jetstream-off", verdict: "refused" });
  });
});
