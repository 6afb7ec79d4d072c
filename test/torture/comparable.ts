/** The form in which two texts of one event are compared. Pure, and without Node: pages use it too. */

/** Marks an event that may be written in more than one way: it is compared by what it says. */
export const BINARY_ID = "binary-";
/** Marks what claims to be the relay's heartbeat and is not. */
export const FORGED_ID = "forged-";

export function comparable(text: string): string {
  return text.includes(`"id":"${BINARY_ID}`) ? canonical(text) : text;
}

/** The JSON with the members in one order, and every digit of its numbers. */
export function canonical(text: string): string {
  const withDigits = (_name: string, value: unknown, { source }: Source = {}): unknown =>
    typeof value === "number" && source !== undefined ? new Digits(source) : value;
  return write(JSON.parse(text, withDigits));
}

/** Of a number, how it was written. */
interface Source {
  readonly source?: string;
}

class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function write(value: unknown): string {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`).join()}}`;
}
