import { describe, expect, it } from "vitest";
import { parseTicketBody } from "../../../src/edge/ticket-body.ts";

const subjectsOf = (text: string): unknown => {
  const body = parseTicketBody(text);
  return body.ok ? body.subjects : body.reason;
};

describe("parseTicketBody", () => {
  it("[H8] takes a body without subject for all of the grant", () => {
    for (const text of ["", "{}", " {} ", '{"other":1}']) expect(subjectsOf(text)).toBeNull();
  });

  it("[H8] reads one subject, or a list, as a canonical set", () => {
    expect(subjectsOf('{"subject":"a.>"}')).toEqual(["a.>"]);
    expect(subjectsOf('{"subject":["b","a.b","a.>","b"]}')).toEqual(["a.>", "b"]);
    expect(subjectsOf(JSON.stringify({ subject: Array.from({ length: 16 }, (_, n) => `s${n}`) }))).toHaveLength(16);
  });

  it.each([
    " ",
    "null",
    "[]",
    "1",
    '"a"',
    "{",
    "\ufeff{}",
    '{"subject":null}',
    '{"subject":1}',
    '{"subject":{}}',
    '{"subject":[]}',
    '{"subject":[1]}',
    '{"subject":[["a"]]}',
    JSON.stringify({ subject: Array.from({ length: 17 }, () => "a") }),
    JSON.stringify({ subject: ["a", "b", "c"].map((name) => name.repeat(256)).concat("d") }),
    JSON.stringify({ subject: Array.from({ length: 4 }, () => "東".repeat(65)) }),
  ])("[H8] refuses %j", (text) => expect(subjectsOf(text)).toBe("bad-ticket-body"));

  it("[H4] [H8] refuses what is no filter", () => {
    for (const subject of ["", "a..b", "a b", ["a", ">.a"], "a".repeat(257)])
      expect(subjectsOf(JSON.stringify({ subject }))).toBe("bad-subject");
  });
});
