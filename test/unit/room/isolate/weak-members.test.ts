import { describe, expect, it } from "vitest";
import { WeakMembers } from "../../../../src/room/isolate/weak-members.ts";

describe("WeakMembers", () => {
  it("[B3] [B7] has one member for each owner, until it is deleted or collected", () => {
    let isCollected = false;
    const members = new WeakMembers<object>((member) => ({ deref: () => (isCollected ? undefined : member) }));
    const one = { name: "one" };
    const two = { name: "two" };
    members.set("a", two);
    members.set("a", one);
    members.set("b", two);
    expect([[...members], members.get("a"), members.get("c")]).toEqual([[one, two], one, undefined]);
    members.delete("a");
    members.delete("a");
    expect([...members]).toEqual([two]);
    members.set("a", one);
    expect(members.count()).toBe(2);
    isCollected = true;
    expect(members.count()).toBe(0);
  });
});
