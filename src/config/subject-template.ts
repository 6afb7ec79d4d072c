/** Filters of JWT_SUBJECTS, in which `{name}` stands for a claim of the token (A2). Pure. */
import { isValidFilter } from "../protocol/subject.ts";

const PLACE = /\{([^{}]+)\}/g;

/** Whether a filter comes out of `text` wherever each `{name}` is one token or part of one. */
export function isTemplate(text: string): boolean {
  return isValidFilter(text.replaceAll(PLACE, "x"));
}

/** The filter, or null when a claim is missing or is not one token of a subject: it must never widen what is granted. */
export function fillTemplate(template: string, claim: (name: string) => unknown): string | null {
  let isWhole = true;
  const filled = template.replaceAll(PLACE, (_place, name: string) => {
    const value = claim(name);
    if (typeof value === "string" && isPlainToken(value)) return value;
    isWhole = false;
    return "";
  });
  return isWhole ? filled : null;
}

/** One token, without wildcards in it. */
function isPlainToken(text: string): boolean {
  return !/[.*>]/.test(text) && isValidFilter(text);
}
