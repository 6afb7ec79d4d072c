import { describe, expect, it } from "vitest";
import { Presence } from "../../../../src/room/isolate/presence.ts";
import { WeakMembers } from "../../../../src/room/isolate/weak-members.ts";

const MOST = 8;

/** Rooms of these credentials, each with a client. */
function isolate(...owners: readonly string[]): Presence {
  const presence = new Presence(new WeakMembers((member) => ({ deref: () => member })), MOST);
  for (const [index, owner] of owners.entries()) presence.set(String(index), new Map([[owner, 1]]));
  return presence;
}

const rooms = (count: number, owner: string): string[] => Array.from({ length: count }, () => owner);

describe("Presence", () => {
  it("[B7] alone a credential opens as many rooms as it likes", () => {
    expect(isolate(...rooms(20, "a")).mayOpen("a")).toBe(true);
  });

  it("[B7] beside others it is refused past half, once the isolate has many rooms, and the others are not", () => {
    const few = isolate(...rooms(6, "a"), "b");
    expect(few.mayOpen("a")).toBe(true);
    const full = isolate(...rooms(7, "a"), "b");
    expect([full.mayOpen("a"), full.mayOpen("b"), full.mayOpen("c")]).toEqual([false, true, true]);
  });

  it("[B7] a room without clients is nobody's, and one that is made anew is forgotten", () => {
    const presence = isolate(...rooms(7, "a"), "b");
    presence.set("7", new Map());
    expect([presence.mayOpen("a"), presence.hasOthers("a", 300)]).toEqual([true, false]);
    presence.set("7", new Map([["b", 1]]));
    expect(presence.hasOthers("a", 600)).toBe(true);
    presence.forget("7");
    expect(presence.hasOthers("a", 900)).toBe(false);
  });
});
