import { describe, expect, it } from "vitest";
import { HINTS } from "../../../src/config/settings.ts";
import { allPlacements, hintFor, placementFor } from "../../../src/placement/region.ts";

describe("region", () => {
  it.each([
    [{ continent: "EU", country: "FR", longitude: "2.3" }, "weur"],
    [{ continent: "EU", country: "PL", longitude: "21.0" }, "eeur"],
    [{ continent: "EU", country: "IE" }, "weur"],
    [{ continent: "NA", country: "US", longitude: "-74.0" }, "enam"],
    [{ continent: "NA", country: "US", longitude: "-122.4" }, "wnam"],
    [{ continent: "SA", country: "BR" }, "sam"],
    [{ continent: "AF", country: "KE" }, "afr"],
    [{ continent: "AF", country: "EG" }, "me"],
    [{ continent: "OC", country: "NZ" }, "oc"],
    [{ continent: "AN" }, "oc"],
    [{ continent: "AS", country: "AE" }, "me"],
    [{ continent: "AS", country: "JP" }, "apac-ne"],
    [{ continent: "AS", country: "SG" }, "apac-se"],
    [{ continent: "AS", country: "IN" }, "apac"],
    [{ country: "T1" }, null],
    [null, null],
  ])("places a client of %j at %s", (place, hint) => {
    expect(hintFor(place)).toBe(hint);
  });

  it("gives every part of the world a room of its own by default", () => {
    expect(placementFor("regional", { continent: "EU" })).toEqual({ region: "weur", hint: "weur" });
    expect(placementFor("regional", null)).toEqual({ region: "anywhere", hint: null });
  });

  it("[O4] knows all places that clients may be sent to", () => {
    expect(allPlacements("regional")).toHaveLength(HINTS.length + 1);
    for (const continent of ["EU", "NA", "SA", "AF", "OC", "AN", "AS", "??"])
      expect(allPlacements("regional")).toContainEqual(placementFor("regional", { continent }));
    for (const setting of ["single", "weur"] as const)
      expect(allPlacements(setting)).toEqual([placementFor(setting, { continent: "AS" })]);
  });

  it("puts the one room where the operator wants it", () => {
    expect(placementFor("single", { continent: "EU" })).toEqual({ region: "single", hint: null });
    expect(placementFor("eeur", { continent: "SA" })).toEqual({ region: "single-eeur", hint: "eeur" });
  });
});
