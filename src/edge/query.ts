/** The query of a request for events: H1, H4, H5. */
import { isValidFilter } from "../protocol/subject.ts";
import type { RefusalReason } from "./refusals.ts";

export interface EventsQuery {
  /** A well-formed filter, or null for the default. */
  readonly subject: string | null;
  /** Cursor, at most 2^53-1, or null to start live. */
  readonly since: number | null;
  readonly epoch: string | null;
  /** Whether items say where they came from. */
  readonly meta: boolean;
}

export type QueryResult =
  | { readonly ok: true; readonly query: EventsQuery }
  | { readonly ok: false; readonly reason: RefusalReason };

const KNOWN = ["subject", "since", "epoch", "meta"] as const;
type Known = (typeof KNOWN)[number];

const MAX_SINCE = 2n ** 64n - 1n;

/** Parses the `search` part of a URL. Unknown parameters are ignored, known ones are taken strictly (H5). */
export function parseQuery(search: string): QueryResult {
  const values = new Map<Known, string>();
  for (const [decodedName, value] of pairsOf(search)) {
    const name = KNOWN.find((known) => known === decodedName);
    if (name === undefined) continue;
    if (values.has(name)) return refuse("repeated-parameter");
    if (value === null) return refuse("bad-encoding");
    values.set(name, value);
  }

  const subject = values.get("subject") ?? null;
  if (subject !== null && !isValidFilter(subject)) return refuse("bad-subject");
  const since = parseSince(values.get("since"));
  if (since === undefined) return refuse("bad-since");
  const epoch = values.get("epoch") ?? null;
  if (epoch !== null && !/^[A-Za-z0-9_-]{1,64}$/.test(epoch)) return refuse("bad-epoch");
  const meta = values.get("meta");
  if (meta !== undefined && meta !== "1") return refuse("bad-meta");
  return { ok: true, query: { subject, since, epoch, meta: meta !== undefined } };
}

/** The values of one parameter, in their order; null for one that is not percent-encoded UTF-8. */
export function valuesOf(search: string, name: string): readonly (string | null)[] {
  return pairsOf(search).flatMap(([found, value]) => (found === name ? [value] : []));
}

function pairsOf(search: string): (readonly [string | null, string | null])[] {
  const pairs = search.replace(/^\?/, "").split("&");
  return pairs.map((pair) => {
    const [name = "", ...rest] = pair.split("=");
    return [decode(name), decode(rest.join("="))];
  });
}

/** Undefined when malformed. Past 2^53-1 the value is clamped: no stream is that long, so it stays above every sequence. */
function parseSince(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  if (!/^[0-9]+$/.test(text)) return undefined;
  const digits = text.replace(/^0+/, "");
  if (digits.length > 20) return undefined;
  const value = BigInt(digits);
  if (value > MAX_SINCE) return undefined;
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

/** Null when the text is not percent-encoded UTF-8, which URLSearchParams would turn into U+FFFD without a word. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

function refuse(reason: RefusalReason): QueryResult {
  return { ok: false, reason };
}
