/** NATS subject filters (H4): what a client may ask for, and what lies inside what. */

const MAX_SUBJECT_BYTES = 256;

/** White space as Unicode and as JavaScript see it (U+FEFF is in the second only), controls, lone surrogates. */
const FORBIDDEN = /[\s\p{White_Space}\p{Cc}\p{Cs}]/u;

/**
 * Whether `text` is a well-formed subject filter by H4: non-empty tokens split by `.`, `*` only as a whole token,
 * `>` only as the whole last one, at most 256 bytes of UTF-8, no white space and no control character.
 */
export function isValidFilter(text: string): boolean {
  if (utf8Length(text) > MAX_SUBJECT_BYTES || FORBIDDEN.test(text)) return false;
  const tokens = text.split(".");
  return tokens.every((token, index) => {
    if (token === "*") return true;
    if (token === ">") return index === tokens.length - 1;
    return token !== "" && !token.includes("*") && !token.includes(">");
  });
}

/**
 * Whether every subject that `filter` matches is matched by `root` too. Both must be valid filters.
 * `>` stands for one token or more, so `a` is not inside `a.>`.
 */
export function isSubsetOf(filter: string, root: string): boolean {
  const inner = filter.split(".");
  const outer = root.split(".");
  for (const [index, allowed] of outer.entries()) {
    const token = inner[index];
    if (token === undefined) return false;
    if (allowed === ">") return true;
    if (token === ">" || (allowed !== "*" && token !== allowed)) return false;
  }
  return inner.length === outer.length;
}

/** Whether the concrete `subject` (no wildcards) is matched by the valid `filter`. */
export function matches(filter: string, subject: string): boolean {
  return isSubsetOf(subject, filter);
}

/** Bytes of `text` in UTF-8; a lone surrogate counts as the three of its replacement. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
