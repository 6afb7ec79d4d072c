import { expect, test } from "vitest";
import type { Grant } from "../../../src/grant/grant.ts";
import {
  decodeTicket,
  encodeTicket,
  MAX_TICKET_CHARS,
  newTicket,
  rememberUntilMs,
  splitTicket,
} from "../../../src/ticket/ticket.ts";

const GRANT: Grant = {
  subjects: ["cellos.events.b", "cellos.events.>", "東.>"],
  expiresAtMs: null,
  id: "holder",
  mark: { kind: "jwt", sub: "alice", jti: null },
};
const NOW_MS = 1_700_000_000_000;

test("[H8] [A3] a ticket is good for 30 s, and never for longer than what bought it", () => {
  const of = (expiresAtMs: number | null): number =>
    newTicket("i", { ...GRANT, expiresAtMs }, null, NOW_MS).expiresAtMs - NOW_MS;
  expect([of(null), of(NOW_MS + 40_000), of(NOW_MS + 5_000)]).toEqual([30_000, 30_000, 5_000]);
  expect(newTicket("i", { ...GRANT, expiresAtMs: NOW_MS + 40_000 }, null, NOW_MS).grant.expiresAtMs).toBe(
    NOW_MS + 40_000,
  );
});

test("[H8] [A10] a ticket carries the grant, its holder and its mark, or the subjects that were named", () => {
  const all = newTicket("i", GRANT, null, NOW_MS);
  expect(all).toMatchObject({ isBound: false, grant: { ...GRANT, subjects: ["cellos.events.>", "東.>"] } });
  const named = newTicket("i", GRANT, ["cellos.events.a"], NOW_MS);
  expect(named).toMatchObject({ isBound: true, grant: { ...GRANT, subjects: ["cellos.events.a"] } });
  for (const ticket of [all, named]) expect(decodeTicket(encodeTicket(ticket))).toEqual(ticket);
});

test("[H8] a ticket of a version that is not known is none", () => {
  const body = Buffer.from('{"v":2,"id":"i"}').toString("base64url");
  expect(decodeTicket(body)).toBeNull();
});

test("[H8] it is remembered for longer than any request may be on its way to a room", () => {
  const ticket = newTicket("i", GRANT, null, NOW_MS);
  expect(rememberUntilMs(ticket) - ticket.expiresAtMs).toBeGreaterThanOrEqual(30_000);
});

test("[H8] a text that is no ticket is none before anything is computed of it", () => {
  const signature = "A".repeat(43);
  expect(splitTicket(`e30.${signature}`)).toEqual({ body: "e30", signature });
  for (const text of [
    "",
    ".",
    "e30",
    `.${signature}`,
    `e30.${signature}A`,
    `e30.${signature.slice(1)}`,
    `e30.${signature}=`,
    `e30=.${signature}`,
    `e+0.${signature}`,
    ` e30.${signature}`,
    `e30.${signature}\n`,
    `e30.${signature}.`,
    `e30.e30.${signature}`,
    `${"A".repeat(MAX_TICKET_CHARS)}.${signature}`,
  ])
    expect(splitTicket(text)).toBeNull();
});
