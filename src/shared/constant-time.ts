/**
 * Whether two byte strings are equal, in a time that depends on their lengths alone (A1).
 * Compare digests, not secrets: their lengths are equal and say nothing.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}
