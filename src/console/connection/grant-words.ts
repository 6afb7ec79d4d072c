/** What a token may read, in words. */
import { clockOf, dayOf } from "../page/clock.ts";

export interface Grant {
  readonly subjects: readonly string[];
  /** Unix time, or null when it does not expire. */
  readonly untilMs: number | null;
}

const SHOWN = 3;

/** One sentence; a token that ends on another day has its date. */
export function grantWords({ subjects, untilMs }: Grant, nowMs: number): string {
  if (subjects.length === 0) return "This token may read nothing.";
  const more = subjects.length - SHOWN;
  const names = subjects.slice(0, SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
  if (untilMs === null) return `This token may read ${names}.`;
  const until = new Date(untilMs);
  const isToday = dayOf(until) === dayOf(new Date(nowMs));
  return `This token may read ${names}, until ${isToday ? "" : `${dayOf(until)} `}${clockOf(until)}.`;
}
