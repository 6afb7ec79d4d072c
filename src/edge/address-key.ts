/** Whose failures are counted together (A9). Pure. */

/**
 * The key of a client's address: an IPv4 address itself, an IPv6 address by its first 64 bits, since that is what one
 * subscriber has. Null for what is neither.
 */
export function addressKey(address: string): string | null {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) return address;
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail, more] = address.toLowerCase().split("::");
  if (more !== undefined || !/^[0-9a-f:.]+$/i.test(address)) return null;
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  if (zeros < 0 || (tail === undefined && groups.length !== 8)) return null;
  const all = [...groups, ...Array.from({ length: zeros }, () => "0"), ...rest];
  const prefix = all.slice(0, 4);
  if (!prefix.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return null;
  return `${prefix.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
