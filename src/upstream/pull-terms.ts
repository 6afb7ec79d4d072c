/** What one pull asks for: never less than the largest message, never more than the broker allows a consumer (P21). Pure. */

/** What the broker lets the pulls of a consumer ask for, as its creation told; null where nothing limits them. */
export interface PullLimits {
  readonly batch: number | null;
  readonly expiresMs: number | null;
  readonly bytes: number | null;
}

export const NO_LIMITS: PullLimits = { batch: null, expiresMs: null, bytes: null };

export interface PullTerms {
  readonly batch: number;
  readonly expiresMs: number;
  readonly idleHeartbeatMs: number;
  /** Null where the limit of the consumer lies below a message that may come: then the batch is one message. */
  readonly maxBytes: number | null;
  /** What it may bring. */
  readonly bytes: number;
}

const NANOS = 1_000_000;
const LEAST_BYTES = 1024 * 1024;
/** For the subjects and the headers, which count too and which `max_payload` does not bound. */
const HEADROOM_BYTES = 64 * 1024;
/** So often doubled, it is more than any broker can be made to take (64 MB). */
const MAX_GROWTH = 256;

/**
 * The limits in the configuration that the answer to a creation holds: the broker fills in its own `max_request_batch`
 * (JS-22).
 */
export function limitsIn(answer: unknown): PullLimits {
  const config = memberOf(answer, "config");
  const limit = (name: string): number | null => {
    const value = memberOf(config, name);
    return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : null;
  };
  const expires = limit("max_expires");
  return { batch: limit("max_batch"), expiresMs: expires && expires / NANOS, bytes: limit("max_bytes") };
}

const INACTIVE_THRESHOLD_EXCESS = 10153;

/** Whether the stream allows consumers less rest than was asked for (`consumer_limits`, JS-23). */
export function isRestTooLong(answer: unknown): boolean {
  return memberOf(memberOf(answer, "error"), "err_code") === INACTIVE_THRESHOLD_EXCESS;
}

/** The bytes of a pull that any message fits into; `growth` rises where one did not (JS-9). */
export function pullBytes(maxPayloadBytes: number, growth: number): number {
  return Math.max(LEAST_BYTES, maxPayloadBytes + HEADROOM_BYTES) * growth;
}

/** The next growth, after a pull into which a message did not fit. */
export function grown(growth: number): number {
  return Math.min(growth * 2, MAX_GROWTH);
}

export function pullTerms(
  wanted: {
    readonly batch: number;
    readonly bytes: number;
    readonly expiresMs: number;
    readonly idleHeartbeatMs: number;
  },
  limits: PullLimits,
): PullTerms {
  const { bytes } = wanted;
  const fits = limits.bytes === null || bytes <= limits.bytes;
  const expiresMs = Math.min(wanted.expiresMs, limits.expiresMs ?? Infinity);
  return {
    batch: fits ? Math.min(wanted.batch, limits.batch ?? Infinity) : 1,
    expiresMs,
    // JS-8: or the pull would be refused.
    idleHeartbeatMs: Math.min(wanted.idleHeartbeatMs, expiresMs / 2),
    maxBytes: fits ? bytes : null,
    bytes,
  };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
