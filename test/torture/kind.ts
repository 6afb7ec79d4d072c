/** One kind of message that a producer may send, and what must become of it. */
import type { Random } from "../../src/dev/random.ts";

export interface Content {
  readonly payload: Uint8Array;
  /** The header block as it goes over the wire, or null. */
  readonly block: Uint8Array | null;
}

export interface Kind {
  readonly name: string;
  /** Clients must get it; otherwise they must not (W7, W15, W17). */
  readonly isDelivered: boolean;
  make(n: number, random: Random): Content;
}

export type Kinds = readonly [Kind, ...Kind[]];

export function delivered(name: string, make: Kind["make"]): Kind {
  return { name, isDelivered: true, make };
}

export function dropped(name: string, make: Kind["make"]): Kind {
  return { name, isDelivered: false, make };
}

/** A payload without headers. */
export function bare(payload: string | Uint8Array): Content {
  return { payload: Buffer.from(payload), block: null };
}

/** The text of a structured event; `data` is JSON. */
export function eventText(n: number, data = `{"n":${n}}`): string {
  return `{"specversion":"1.0","id":"e-${n}","source":"/torture","type":"t","data":${data}}`;
}
