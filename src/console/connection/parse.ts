/** Reads a frame so that every number keeps its digits (W1), at no cost where JSON.parse already does. */

interface Source {
  readonly source?: string;
}
type Revive = (key: string, value: unknown, context?: Source) => unknown;

/** Not in every browser yet, and not in the compiler's library. Without them a long number is shown rounded. */
interface ExactJson {
  rawJSON?(text: string): unknown;
  parse(text: string, revive?: Revive): unknown;
}
const json: ExactJson = JSON;

/** A number that JavaScript might write another way than it came. Found inside a string it only costs time. */
const DELICATE = /(?:"\s*:|[,[])\s*(?:-?\d{16}|-?\d+[.eE]|-0)/;

const keepDigits: Revive = (_key, value, context) => {
  const source = context?.source;
  return typeof value === "number" && source !== undefined && String(value) !== source
    ? (json.rawJSON?.(source) ?? value)
    : value;
};

export const parseExactly = (text: string): unknown =>
  DELICATE.test(text) ? json.parse(text, keepDigits) : json.parse(text);
