import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { presentedCredential as presented, presentedIn, ticketFits } from "../../../src/edge/credentials.ts";

const presentedCredential = (authorization: string | null, protocols: string | null, handedOn: string | null = null) =>
  presented({ authorization, protocols, handedOn });

const bearer = (token: string) => `bearer.${Buffer.from(token).toString("base64url")}`;
const MISSING = { kind: "missing" };
const MALFORMED = { kind: "malformed" };

describe("presentedCredential", () => {
  it("[A1] reads the Authorization header, scheme in any case", () => {
    for (const header of ["Bearer tok-1", "bearer tok-1", "BEARER   tok-1", " Bearer tok-1 "]) {
      expect(presentedCredential(header, null)).toEqual({ kind: "bearer", token: "tok-1" });
    }
  });

  it.each(["", "Bearer", "Bearer ", "Basic dXNlcg==", "tok-1", "Bearer a b", "Bearertok-1"])(
    "[A1] finds no token in Authorization: %j",
    (header) => {
      expect(presentedCredential(header, null)).toEqual(MALFORMED);
    },
  );

  it("[V1] reads any token from the subprotocols, as unpadded base64url of UTF-8", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        const token = text.trim();
        const expected = /^\S+$/.test(token) ? { kind: "bearer", token } : MALFORMED;
        expect(presentedCredential(null, `cellos.relay.v2, ${bearer(text)}`)).toEqual(expected);
      }),
    );
  });

  it.each([
    "bearer.",
    "bearer.a",
    "bearer.YWJj=",
    "bearer.a+b/",
    "bearer.%41",
    "bearer._w",
    `${bearer("a")},${bearer("b")}`,
    `${bearer("a")},${bearer("a")}`,
  ])("[V1] finds no token in %s", (protocols) => expect(presentedCredential(null, protocols)).toEqual(MALFORMED));

  it.each(["tok-1\n", "tok-1\r\n", " tok-1", "tok-1\t"])("[A1] [V1] %j is the same token on both ways", (text) => {
    expect(presentedCredential(`Bearer ${text}`, null)).toEqual({ kind: "bearer", token: "tok-1" });
    expect(presentedCredential(null, bearer(text))).toEqual({ kind: "bearer", token: "tok-1" });
  });

  it.each(["tok 1", "tok\n1", " ", "\n"])("[A1] [V1] %j is no token on either way", (text) => {
    expect(presentedCredential(`Bearer ${text}`, null)).toEqual(MALFORMED);
    expect(presentedCredential(null, bearer(text))).toEqual(MALFORMED);
  });

  it("[V1] finds none where none is offered", () => {
    for (const protocols of [null, "", "cellos.relay.v2", "Bearer.YQ", "xbearer.YQ"])
      expect(presentedCredential(null, protocols)).toEqual(MISSING);
  });

  it("[A1] lets the Authorization header decide alone", () => {
    expect(presentedCredential("Bearer a", bearer("b"))).toEqual({ kind: "bearer", token: "a" });
    expect(presentedCredential("Basic x", bearer("b"))).toEqual(MALFORMED);
  });

  it("[A2] reads the header that JWT_HEADER names, bare, after all that the client says for itself", () => {
    expect(presentedCredential(null, null, " a.b.c ")).toEqual({ kind: "bearer", token: "a.b.c" });
    expect(presentedCredential(null, "cellos.relay.v2", "a.b.c")).toEqual({ kind: "bearer", token: "a.b.c" });
    expect(presentedCredential(null, bearer("b"), "a.b.c")).toEqual({ kind: "bearer", token: "b" });
    expect(presentedCredential("Bearer a", null, "a.b.c")).toEqual({ kind: "bearer", token: "a" });
    expect(presentedCredential("Basic x", null, "a.b.c")).toEqual(MALFORMED);
  });

  it.each(["", " ", "Bearer a.b.c", "a.b.c, a.b.c"])("[A2] finds no token in %j of it", (handedOn) => {
    expect(presentedCredential(null, null, handedOn)).toEqual(MALFORMED);
  });
});

describe("presentedIn", () => {
  const NONE = { authorization: null, protocols: null, handedOn: null };

  it("[H8] reads a ticket from the address, and passes over what a proxy hands on beside it", () => {
    for (const search of ["?ticket=a.b", "?subject=x&ticket=a.b", "?ticket=%61.b", "?%74icket=a.b"])
      expect(presentedIn(search, { ...NONE, handedOn: "x.y.z" })).toEqual({ kind: "ticket", text: "a.b" });
    expect(presentedIn("?Ticket=a&tickets=b", NONE)).toEqual(MISSING);
    expect(presentedIn("", { ...NONE, authorization: "Bearer a" })).toEqual({ kind: "bearer", token: "a" });
  });

  it.each([
    ["?ticket=a&ticket=b", NONE, "repeated-parameter"],
    ["?ticket=&ticket=", NONE, "repeated-parameter"],
    ["?ticket=a&%74icket=a", { ...NONE, authorization: "Bearer a" }, "repeated-parameter"],
    ["?ticket=%ff", NONE, "bad-encoding"],
    ["?ticket=", NONE, "ticket-empty"],
    ["?ticket", NONE, "ticket-empty"],
    ["?ticket=a", { ...NONE, authorization: "Bearer a" }, "ticket-with-token"],
    ["?ticket=a", { ...NONE, authorization: "" }, "ticket-with-token"],
    ["?ticket=a", { ...NONE, protocols: `cellos.relay.v2, ${bearer("a")}` }, "ticket-with-token"],
    ["?ticket=a", { ...NONE, protocols: "bearer." }, "ticket-with-token"],
  ])("[H8] takes %s with %j for a mistake", (search, headers, reason) => {
    expect(presentedIn(search, headers)).toEqual({ kind: "misused", reason });
  });
});

describe("ticketFits", () => {
  const grant = { subjects: ["a.>", "b"], expiresAtMs: null, id: "g", mark: { kind: "api-token" } } as const;
  const fits = (search: string, isBound = true): boolean =>
    ticketFits({ id: "t", expiresAtMs: 0, isBound, grant }, search);

  it("[H8] knows which subjects a ticket was bought for", () => {
    for (const search of ["", "?subject=a.b", "?subject=b", "?since=x&subject=a.%3E"]) expect(fits(search)).toBe(true);
    for (const search of ["?subject=c", "?subject=a", "?subject=%3E", "?since=x&subject=c"])
      expect(fits(search)).toBe(false);
    expect(fits("?subject=c", false)).toBe(true);
  });

  it("[H3] leaves what is no filter to the check of the query", () => {
    for (const search of ["?subject=", "?subject=a..b", "?subject=%ff"]) expect(fits(search)).toBe(true);
  });
});
