/** Header blocks as a broker delivers them, for tests that hand over bytes. */

/** A block of these lines, in their order; names and values as given. */
export function headerBlock(...headers: readonly (readonly [name: string, value: string])[]): Uint8Array {
  return rawBlock("NATS/1.0", ...headers.map(([name, value]) => `${name}: ${value}`));
}

/** A block whose first line and further lines are given as they are. */
export function rawBlock(first: string, ...lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(`${[first, ...lines].join("\r\n")}\r\n\r\n`);
}

/** A message that a broker writes itself. */
export function statusBlock(code: number, description: string, counts: Readonly<Record<string, unknown>>): Uint8Array {
  const lines = Object.entries(counts).map(([name, value]) => `${name}: ${String(value)}`);
  return rawBlock(`NATS/1.0 ${code} ${description}`, ...lines);
}
