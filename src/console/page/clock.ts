/** Moments as the reader's clock shows them. */

const two = (part: number): string => String(part).padStart(2, "0");

/** The reader's local day as `MM-DD`: an event of another day carries its date, so a replay does not look like now. */
export const dayOf = (date: Date): string => `${two(date.getMonth() + 1)}-${two(date.getDate())}`;

export const clockOf = (date: Date): string =>
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
