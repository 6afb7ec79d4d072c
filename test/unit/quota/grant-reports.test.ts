/** What a room tells the ledgers of how many clients they have there (A9). */
import { beforeEach, describe, expect, it } from "vitest";
import { GrantReports } from "../../../src/quota/grant-reports.ts";
import { drained, ModelClock, passBeats } from "../../support/model/clock.ts";

const HEARTBEAT_MS = 25_000;
let clock: ModelClock;
let told: string[];
let faults: Error[];
let clients: Map<string, number>;
let isLimited: boolean;
let room: GrantReports;

function newRoom(): GrantReports {
  const unused = (): Promise<void> => Promise.resolve();
  return new GrantReports(clock.runtime, "room", {
    subject: () => "a",
    counted: () => (isLimited ? clients : null),
    ledger: (grantId) => ({
      renew: unused,
      close: unused,
      count: async (holder, count, arrived) => {
        const fault = faults.shift();
        if (fault !== undefined) throw fault;
        told.push(`${grantId}: ${holder} has ${count}, ${arrived} arrived`);
      },
    }),
  });
}

function come(grantId: string, isCounted = true): void {
  clients.set(grantId, (clients.get(grantId) ?? 0) + 1);
  room.entered({ grantId, place: "none", isCounted });
}

function leave(grantId: string): void {
  const left = (clients.get(grantId) ?? 0) - 1;
  if (left > 0) clients.set(grantId, left);
  else clients.delete(grantId);
  room.left({ grantId, lease: null });
}

const beat = (count = 1): Promise<void> => passBeats(clock, HEARTBEAT_MS, () => room.beat(), count);

beforeEach(() => {
  clock = new ModelClock();
  told = [];
  faults = [];
  clients = new Map();
  isLimited = true;
  room = newRoom();
});

describe("the clients that a room tells of", () => {
  it("[A9] each ledger hears of its own with the next heartbeat, and then only of changes", async () => {
    for (const grantId of ["x", "y", "x"]) come(grantId);
    come("x", false);
    await beat(3);
    expect(told.splice(0)).toEqual(["x: room has 3, 2 arrived", "y: room has 1, 1 arrived"]);
    leave("x");
    leave("y");
    await beat(3);
    expect(told).toEqual(["x: room has 2, 0 arrived", "y: room has 0, 0 arrived"]);
  });

  it("[A9] a room that has become empty says so at once", async () => {
    come("x");
    await beat();
    leave("x");
    await drained();
    expect(told).toEqual(["x: room has 1, 1 arrived", "x: room has 0, 0 arrived"]);
  });

  it("[A9] a count that stays is told again before its row runs out", async () => {
    come("x");
    await beat(24);
    expect(told).toEqual(["x: room has 1, 1 arrived", ...Array<string>(3).fill("x: room has 1, 0 arrived")]);
  });

  it("[A9] a client that was turned away is no longer on its way", async () => {
    room.refused({ grantId: "x", place: "none", isCounted: true });
    await beat(2);
    expect(told).toEqual(["x: room has 0, 1 arrived"]);
  });

  it("[A9] what a ledger could not hear is told with the next heartbeat", async () => {
    come("x");
    faults.push(new Error("away"));
    await beat(2);
    expect(told).toEqual(["x: room has 1, 0 arrived"]);
    expect(clock.lines.filter((line) => line.includes("ledger-unreachable"))).toHaveLength(1);
  });

  it("[A9] after a loss of memory the ledger hears of the clients that are there, and of the last that leaves", async () => {
    clients.set("x", 2);
    await beat();
    room = newRoom();
    clients.set("y", 1);
    leave("x");
    leave("x");
    await beat();
    expect(told).toEqual(["x: room has 2, 0 arrived", "y: room has 1, 0 arrived", "x: room has 0, 0 arrived"]);
  });

  it("[A9] nothing is told where clients are not limited", async () => {
    isLimited = false;
    come("x", false);
    await beat(20);
    leave("x");
    await beat();
    expect(told).toEqual([]);
  });
});
