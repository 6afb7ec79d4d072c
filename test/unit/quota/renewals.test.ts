import { beforeEach, describe, expect, it } from "vitest";
import { Renewals } from "../../../src/quota/renewals.ts";
import { drained, ModelClock, passBeats } from "../../support/model/clock.ts";

const HEARTBEAT_MS = 25_000;
const LEASE_MS = 300_000;
let clock: ModelClock;
let told: string[];
/** What the next calls run into. */
let faults: (Promise<void> | Error)[];
let room: Renewals;

/** A room that has no memory. */
function newRoom(): Renewals {
  const hear = async (word: string): Promise<void> => {
    const fault = faults.shift();
    if (fault instanceof Error) throw fault;
    told.push(word);
    await fault;
  };
  return new Renewals(
    clock.runtime,
    "room",
    () => "a",
    (grantId) => ({
      renew: (subject, holder, arrived) => hear(`${grantId}: ${holder} holds ${subject}, ${arrived} arrived`),
      close: (subject, holder, arrived) => hear(`${grantId}: ${holder} lets ${subject} go, ${arrived} arrived`),
    }),
  );
}

const beat = (count = 1): Promise<void> => passBeats(clock, HEARTBEAT_MS, () => room.beat(), count);

beforeEach(() => {
  clock = new ModelClock();
  told = [];
  faults = [];
  room = newRoom();
});

describe("the leases of a room", () => {
  it("[B4] a ledger hears at once of the first client, and of the others when it is told next", async () => {
    for (const grantId of ["x", "x", "y", "x"]) room.entered(grantId, "asked");
    room.entered("x", "assumed");
    await drained();
    expect(told.splice(0)).toEqual(["x: room holds a, 1 arrived", "y: room holds a, 1 arrived"]);
    await beat(7);
    expect(told).toEqual(["x: room holds a, 2 arrived", "y: room holds a, 0 arrived"]);
  });

  it("[B4] a ledger hears at once of the last one that left, with those it did not hear of", async () => {
    for (const passage of ["asked", "asked", "assumed"] as const) room.entered("x", passage);
    await drained();
    room.left("x");
    room.left("x");
    await drained();
    expect(told).toHaveLength(1);
    room.left("x");
    await drained();
    expect(told[1]).toBe("x: room lets a go, 1 arrived");
    await beat(100);
    expect(told).toHaveLength(2);
  });

  it("[B4] a client that is turned away gives its place back", async () => {
    room.refused("x", "asked");
    room.refused("y", "assumed");
    await drained();
    expect(told).toEqual(["x: room lets a go, 1 arrived"]);
  });

  it("[B4] a client that stays costs at most 21 requests to its ledger an hour", async () => {
    const HOURS = 10;
    room.entered("x", "asked");
    await beat((HOURS * 3_600_000) / HEARTBEAT_MS);
    expect(told.length).toBeLessThanOrEqual(21 * HOURS);
    expect(told.length).toBeGreaterThan((HOURS * 3_600_000) / LEASE_MS);
  });

  it("[B4] what a ledger could not hear is told with the next heartbeat, but no arrival twice", async () => {
    faults.push(new Error("away"), new Error("away"));
    room.entered("x", "asked");
    await drained();
    await beat(2);
    expect(told).toEqual(["x: room holds a, 0 arrived"]);
    expect(clock.lines.filter((line) => line.includes("ledger-unreachable"))).toHaveLength(2);
  });

  it("[B4] a ledger that never answers is asked again", async () => {
    faults.push(Promise.withResolvers<void>().promise);
    room.entered("x", "asked");
    await clock.advance(30_000);
    await drained();
    await beat();
    expect(told).toEqual(["x: room holds a, 1 arrived", "x: room holds a, 0 arrived"]);
    expect(clock.lines.filter((line) => line.includes("ledger-unreachable"))).toHaveLength(1);
  });

  it("[B4] calls to a ledger never overtake each other, however often its clients come and go", async () => {
    const slow = Promise.withResolvers<void>();
    faults.push(slow.promise);
    room.entered("x", "asked");
    for (let times = 0; times < 5; times += 1) {
      room.left("x");
      room.entered("x", "asked");
    }
    room.left("x");
    await drained();
    expect(told).toEqual(["x: room holds a, 1 arrived"]);
    room.entered("x", "asked");
    room.left("x");
    slow.resolve();
    await drained();
    expect(told.slice(1)).toEqual(["x: room lets a go, 6 arrived"]);
  });

  it("[B4] a departure that was not heard is told anew once a client is back", async () => {
    room.entered("x", "asked");
    await drained();
    faults.push(new Error("away"));
    room.left("x");
    await drained();
    room.entered("x", "asked");
    await drained();
    expect(told).toEqual(["x: room holds a, 1 arrived", "x: room holds a, 1 arrived"]);
  });

  it("[B4] a room that slept renews when it is due, and not because it slept", async () => {
    let lease = room.entered("x", "asked");
    await drained();
    for (let beats = 0; beats < 7; beats += 1) {
      room = newRoom();
      lease = room.woke("x", lease.renewedAtMs);
      await beat();
    }
    expect(told).toEqual(["x: room holds a, 1 arrived", "x: room holds a, 0 arrived"]);
    room = newRoom();
    room.woke("y", null);
    await beat();
    expect(told[2]).toBe("y: room holds a, 0 arrived");
  });

  it("[B4] a client that left while the room slept is told of, unless others of its grant are there", async () => {
    room.woke("x", clock.wallMs);
    room.leftAsleep("x");
    room.leftAsleep("y");
    await drained();
    expect(told).toEqual(["y: room lets a go, 0 arrived"]);
  });

  it("[B4] [P11] a clock that was set back has the lease renewed at once", async () => {
    room.entered("x", "asked");
    await drained();
    clock.setBack(3_600_000);
    await beat(2);
    expect(told).toHaveLength(2);
  });
});
