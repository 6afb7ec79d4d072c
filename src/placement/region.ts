/**
 * Where a room should live: close to those who watch it. Pure. A Durable Object never moves and a hint is only
 * honoured the first time (DO-26), so the region is part of the room's name.
 */

import { HINTS, type Hint, type RoomPlacement } from "../config/settings.ts";

/** What is read of `request.cf`; all of it may be absent, as in tests and on some plans. */
export interface CallerLocation {
  readonly continent?: string;
  readonly country?: string;
  /** Degrees east, as text. */
  readonly longitude?: string;
}

const MIDDLE_EAST = new Set("AE BH CY EG IL IQ IR JO KW LB OM PS QA SA SY TR YE".split(" "));
const NORTH_EAST_ASIA = new Set("HK JP KP KR MO TW".split(" "));
const SOUTH_EAST_ASIA = new Set("BN ID KH LA MM MY PH SG TH TL VN".split(" "));
/** Between Rome and Prague; between Chicago and Denver. */
const EAST_OF_EUROPE = 15;
const WEST_OF_AMERICA = -100;

/** The hint for a client's place (DO-27); null when nothing is known of it. */
export function hintFor(place: CallerLocation | null | undefined): Hint | null {
  const country = place?.country ?? "";
  if (MIDDLE_EAST.has(country)) return "me";
  const longitude = Number.parseFloat(place?.longitude ?? "");
  switch (place?.continent) {
    case "EU":
      return longitude >= EAST_OF_EUROPE ? "eeur" : "weur";
    case "NA":
      return longitude <= WEST_OF_AMERICA ? "wnam" : "enam";
    case "SA":
      return "sam";
    case "AF":
      return "afr";
    case "OC":
    case "AN":
      return "oc";
    case "AS":
      if (NORTH_EAST_ASIA.has(country)) return "apac-ne";
      return SOUTH_EAST_ASIA.has(country) ? "apac-se" : "apac";
    default:
      return null;
  }
}

/** Which rooms a client is sent to: `region` is part of their names, `hint` where a new one is created. */
export interface Placement {
  readonly region: string;
  readonly hint: Hint | null;
}

/**
 * ROOM_PLACEMENT: `regional` gives every part of the world a room of its own; a hint such as `weur` puts the one
 * room there, near the broker; `single` leaves the place of the one room to the platform.
 */
export function placementFor(setting: RoomPlacement, place: CallerLocation | null | undefined): Placement {
  if (setting === "regional") return inRegion(hintFor(place));
  return setting === "single" ? { region: "single", hint: null } : { region: `single-${setting}`, hint: setting };
}

/** All placements that clients may be sent to. */
export function allPlacements(setting: RoomPlacement): readonly Placement[] {
  return setting === "regional" ? [...HINTS, null].map(inRegion) : [placementFor(setting, null)];
}

function inRegion(hint: Hint | null): Placement {
  return { region: hint ?? "anywhere", hint };
}
