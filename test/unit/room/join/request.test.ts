import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeJoin, encodeJoin, type JoinRequest } from "../../../../src/room/join/request.ts";

const JOIN: JoinRequest = {
  subject: "a.>",
  since: null,
  epoch: null,
  protocol: "cellos.events.v1",
  echoProtocol: false,
  expiresAtMs: null,
  grantId: "g",
  place: "none",
  isCounted: false,
  mark: { kind: "api-token" },
  ticket: null,
  meta: false,
};

const joins: fc.Arbitrary<JoinRequest> = fc.record({
  subject: fc.string({ unit: fc.constantFrom("a", "é", "東", "😀", '"', "\\", "\u200b"), minLength: 1, maxLength: 20 }),
  since: fc.option(fc.maxSafeNat()),
  epoch: fc.option(fc.string({ unit: fc.constantFrom("a", "-", "_", "9"), minLength: 1 })),
  protocol: fc.constantFrom("cellos.events.v1", "cellos.relay.v2"),
  echoProtocol: fc.boolean(),
  expiresAtMs: fc.option(fc.maxSafeNat()),
  grantId: fc.string(),
  place: fc.constantFrom("none", "asked", "assumed"),
  isCounted: fc.boolean(),
  mark: fc.oneof(
    fc.constant(null),
    fc.constant({ kind: "api-token" as const }),
    fc.record({ kind: fc.constant("jwt" as const), sub: fc.option(fc.string()), jti: fc.option(fc.string()) }),
  ),
  ticket: fc.option(fc.record({ id: fc.string(), claim: fc.string(), untilMs: fc.maxSafeNat() })),
  meta: fc.boolean(),
});

describe("encodeJoin and decodeJoin", () => {
  it("[H1] carry a join through a header, in visible ASCII", { tags: "long" }, () => {
    fc.assert(
      fc.property(joins, (join) => {
        const header = encodeJoin(join);
        expect(header).toMatch(/^[\x20-\x7e]+$/);
        expect(decodeJoin(header)).toEqual(join);
      }),
    );
  });

  it.each([
    null,
    "",
    "{",
    "null",
    "[]",
    "{}",
    JSON.stringify({ ...JOIN, subject: "a b" }),
    JSON.stringify({ ...JOIN, subject: 1 }),
    JSON.stringify({ ...JOIN, since: -1 }),
    JSON.stringify({ ...JOIN, since: "1" }),
    JSON.stringify({ ...JOIN, epoch: 1 }),
    JSON.stringify({ ...JOIN, protocol: "x" }),
    JSON.stringify({ ...JOIN, echoProtocol: 1 }),
    JSON.stringify({ ...JOIN, expiresAtMs: 0.5 }),
    JSON.stringify({ ...JOIN, since: undefined }),
    JSON.stringify({ ...JOIN, place: "x" }),
    JSON.stringify({ ...JOIN, ticket: {} }),
    JSON.stringify({ ...JOIN, ticket: true }),
    JSON.stringify({ ...JOIN, ticket: { id: "i", claim: "c" } }),
  ])("[H1] refuse %s", (header) => expect(decodeJoin(header)).toBeNull());

  it("[B4] read a join of an older version as one that takes no place", () => {
    expect(decodeJoin(JSON.stringify({ ...JOIN, place: undefined }))).toEqual(JOIN);
  });

  it("[H8] take a join of an older Worker for one by a token", () =>
    expect(decodeJoin(JSON.stringify({ ...JOIN, ticket: undefined }))).toEqual(JOIN));

  it.each([
    undefined,
    null,
    1,
    "jwt",
    {},
    { kind: "other" },
    { kind: "jwt", sub: 1 },
    { kind: "jwt", sub: "a", jti: {} },
  ])("[A10] take %j for no mark, as from a Worker of an older version", (mark) =>
    expect(decodeJoin(JSON.stringify({ ...JOIN, mark }))).toEqual({ ...JOIN, mark: null }),
  );
});
