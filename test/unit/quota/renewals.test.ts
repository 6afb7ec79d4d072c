import { describe, expect, it } from "vitest";
import { systemRuntime } from "../../../src/shared/system-runtime.ts";
import { Renewals } from "../../../src/quota/renewals.ts";
import type { Session } from "../../../src/room/delivery/session.ts";

/** A room, and what it told the ledgers. */
function room(): { readonly grants: Renewals; readonly told: string[] } {
  const told: string[] = [];
  const grants = new Renewals(systemRuntime, "a#1", (grantId) => ({
    renew: async (subject, name) => void told.push(`${grantId}: ${subject} is open in ${name}`),
    close: async (subject, name) => void told.push(`${grantId}: ${subject} is closed in ${name}`),
  }));
  return { grants, told };
}

const sessions = (...grantIds: string[]): Session[] => grantIds.map((grantId) => ({ grantId }) as Session);

describe("the credentials of a room", () => {
  it("[B4] a ledger hears at once of the first client, and of no other", () => {
    const { grants, told } = room();
    for (const grantId of ["x", "x", "y", "x"]) grants.entered("a", grantId);
    expect(told).toEqual(["x: a is open in a#1", "y: a is open in a#1"]);
  });

  it("[B4] a heartbeat renews who is here and lets go who is not, and not more often than needed", () => {
    const { grants, told } = room();
    for (const grantId of ["x", "y"]) grants.entered("a", grantId);
    told.length = 0;
    grants.beat("a", sessions("x", "x", "z"), 20_000);
    expect(told).toEqual(["x: a is open in a#1", "z: a is open in a#1", "y: a is closed in a#1"]);
    grants.beat("a", sessions("x"), 39_999);
    expect(told).toHaveLength(3);
  });

  it("[B4] whoever comes back is told of anew", () => {
    const { grants, told } = room();
    grants.entered("a", "x");
    grants.empty("a");
    grants.entered("a", "x");
    expect(told).toEqual(["x: a is open in a#1", "x: a is closed in a#1", "x: a is open in a#1"]);
  });
});
