/** How deep an event may be nested, itself being 1. Code that recurses over more may overflow its stack. */
const MAX_DEPTH = 128;

/** Not in every browser yet, nor in the compiler's library. A number that keeps its digits is an object, and no level. */
const json = JSON as { isRawJSON?(value: unknown): boolean };

/**
 * By recursion, but no further than the limit. It costs a twentieth of what `JSON.parse` did; that is why objects are not asked for
 * a list of their values, and `typeof` stands before each call.
 */
export function isTooDeep(value: unknown, levels = MAX_DEPTH): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return !json.isRawJSON?.(value);
  if (Array.isArray(value)) {
    for (const inner of value) if (typeof inner === "object" && isTooDeep(inner, levels - 1)) return true;
    return false;
  }
  for (const key in value) {
    const inner = (value as Record<string, unknown>)[key];
    if (typeof inner === "object" && isTooDeep(inner, levels - 1)) return true;
  }
  return false;
}

/**
 * Of what a relay or a proxy says of itself, text and numbers are enough: the rest may be nested without end. So `T`
 * names nothing nested.
 */
export const withoutNested = <T extends object>(told: T): T =>
  Object.fromEntries(Object.entries(told).filter(([, member]) => Object(member) !== member)) as T;
