import { beforeEach, describe, expect, it } from "vitest";
import { LEASE_MS, LeaseBook, type Lease } from "../../../src/quota/lease-book.ts";

const CROWD = 100;
let rows: Map<string, Lease>;
let writes: number;
let book: LeaseBook;

/** A book made of what the last one stored. */
function restart(): void {
  const keyOf = ({ subject, holder }: Pick<Lease, "subject" | "holder">): string => `${subject} ${holder}`;
  book = new LeaseBook([...rows.values()], {
    put: (lease) => {
      writes += 1;
      rows.set(keyOf(lease), lease);
    },
    delete: (lease) => {
      writes += 1;
      rows.delete(keyOf(lease));
    },
  });
}

beforeEach(() => {
  rows = new Map();
  writes = 0;
  restart();
});

const mayOpen = (subject: string, max: number, nowMs = 0): boolean => book.open(subject, max, nowMs).isAllowed;

/** A client comes by way of the edge, and its room says that it is there. */
function comes(subject: string, room = `${subject}#0`, nowMs = 0): void {
  expect(mayOpen(subject, 10_000, nowMs)).toBe(true);
  book.renew(subject, room, 1, nowMs);
}

describe("the lease book of a grant", () => {
  it("[B4] limits distinct subjects, and one that is open may be opened again", () => {
    expect(["a", "b", "a", "c"].map((subject) => mayOpen(subject, 2))).toEqual([true, true, true, false]);
  });

  it("[B4] gives a place back at once when the last room says that nobody is left, and no sooner", () => {
    comes("a", "a#0");
    comes("a", "a#1");
    book.close("a", "a#1", 0);
    book.close("a", "a#1", 0);
    expect(mayOpen("b", 1)).toBe(false);
    book.close("a", "a#0", 0);
    expect(mayOpen("b", 1)).toBe(true);
    expect([...rows.values()].map(({ subject }) => subject)).toEqual(["b"]);
  });

  it("[B4] gives the place of a holder that fell silent back one lease later, to the millisecond", () => {
    comes("a");
    expect([LEASE_MS - 1, LEASE_MS].map((nowMs) => mayOpen("b", 1, nowMs))).toEqual([false, true]);
    expect(rows.has("a a#0")).toBe(false);
  });

  it("[B4] counts a client on its way, though a room closes that others have left", () => {
    comes("a");
    mayOpen("a", 1);
    book.close("a", "a#0", 0);
    expect(mayOpen("b", 1)).toBe(false);
    book.renew("a", "a#1", 1, 0);
    book.close("a", "a#1", 0);
    expect(mayOpen("b", 1)).toBe(true);
  });

  it("[B4] gives the place of a client back that will not arrive", () => {
    mayOpen("a", 1);
    book.close("a", "", 1);
    expect([rows.size, mayOpen("b", 1)]).toEqual([0, true]);
  });

  it("[B4] counts what a room renews though it had no place, and no other subject loses its own", () => {
    comes("a");
    book.renew("b", "b#0", 0, 0);
    book.renew("c", "c#0", 0, 0);
    expect(["a", "b", "c", "d"].map((subject) => mayOpen(subject, 2))).toEqual([true, true, true, false]);
  });

  it("[B4] forgets nothing when it is made anew of what it stored", () => {
    comes("a");
    mayOpen("b", 9);
    restart();
    expect(["a", "b", "c"].map((subject) => mayOpen(subject, 2))).toEqual([true, true, false]);
    // How many were on their way to b is not stored: only time ends that lease.
    book.renew("b", "b#0", 1, 0);
    book.close("b", "b#0", 0);
    expect([mayOpen("c", 2), mayOpen("c", 2, LEASE_MS)]).toEqual([false, true]);
  });

  it("[B4] [H3] tells what it would answer, and writes nothing for it", () => {
    comes("a");
    writes = 0;
    const could = (subject: string, nowMs: number): boolean => book.couldOpen(subject, 1, nowMs);
    expect([could("a", 0), could("b", 0), could("b", LEASE_MS)]).toEqual([true, false, true]);
    expect(writes).toBe(0);
  });

  it("[B4] has edges remember in a crowd only, and counts the subject for longer than they do", () => {
    comes("a");
    let asked = 0;
    let answer = book.open("a", 1, 0);
    for (; answer.rememberMs === 0 && asked <= CROWD; asked += 1) answer = book.open("a", 1, 0);
    expect(asked).toBe(CROWD);
    writes = 0;
    for (let more = 0; more < 1_000; more += 1) answer = book.open("a", 1, 50_000);
    expect(writes).toBe(0);
    const rememberedUntilMs = 50_000 + answer.rememberMs;
    book.close("a", "a#0", 5_000);
    // A join takes 10 s (W11), and a room that could not tell tries again with the next heartbeat.
    expect(mayOpen("b", 1, rememberedUntilMs + 70_000)).toBe(false);
    expect(mayOpen("b", 1, 50_000 + LEASE_MS)).toBe(true);
  });

  it("[B4] [P11] holds no lease longer than a new one when the clock was set back", () => {
    const hourMs = 3_600_000;
    comes("a", "a#0", hourMs);
    restart();
    expect([mayOpen("b", 1, 0), mayOpen("b", 1, LEASE_MS - 1), mayOpen("b", 1, LEASE_MS)]).toEqual([
      false,
      false,
      true,
    ]);
  });
});
