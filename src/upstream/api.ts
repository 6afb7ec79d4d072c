/**
 * The part of the JetStream API a room speaks (PLATFORM J10): requests as data, answers as types, errors as
 * one of two verdicts. Pure; `link.ts` carries it.
 */

/** `refused`: trying again changes nothing until somebody acts. `unavailable`: the next try may work (W11). */
export type Verdict = "refused" | "unavailable";

export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly verdict: Verdict;
  /** True when the named stream does not exist (W11 for a joiner, W12 for who is connected). */
  readonly streamMissing: boolean;
  constructor(verdict: Verdict, message: string, streamMissing = false) {
    super(message);
    this.verdict = verdict;
    this.streamMissing = streamMissing;
  }
}

const STREAM_NOT_FOUND = 10059;

/** What JetStream's error object means for us: 5xx passes by itself, anything else needs an operator. */
export function apiError(error: { code?: number; err_code?: number; description?: string }): UpstreamError {
  const text = `JetStream answered ${error.code ?? "?"}/${error.err_code ?? "?"}: ${error.description ?? "no description"}`;
  const transient = error.code === undefined || error.code >= 500;
  return new UpstreamError(transient ? "unavailable" : "refused", text, error.err_code === STREAM_NOT_FOUND);
}

/** A stream as a room sees it. `created` is its identity together with the name (PLATFORM L4). */
export interface StreamInfo {
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly messages: number;
  readonly bytes: number;
  /** Filters of all its subjects; null when they are not told, because it gets its messages from other streams. */
  readonly subjects: readonly string[] | null;
}

/** Reads the answer of STREAM.INFO. Throws UpstreamError when it is an error or not one of ours. */
export function parseStreamInfo(answer: unknown): StreamInfo {
  const a = successful(answer) as {
    created?: string;
    state?: Record<string, number>;
    config?: { subjects?: string[]; mirror?: object; sources?: object[]; subject_transform?: object };
  };
  const state = a.state;
  if (typeof a.created !== "string" || state === undefined)
    throw new UpstreamError("unavailable", "STREAM.INFO answered without a state");
  const { subjects, mirror, sources, subject_transform } = a.config ?? {};
  const isFed = (mirror ?? sources ?? subject_transform) !== undefined;
  return {
    created: a.created,
    firstSeq: state["first_seq"] ?? 0,
    lastSeq: state["last_seq"] ?? 0,
    messages: state["messages"] ?? 0,
    bytes: state["bytes"] ?? 0,
    subjects: isFed ? null : (subjects ?? null),
  };
}

/**
 * Where a new consumer really starts, and how many matches wait there: JetStream clamps a too old start silently
 * and says so only here, atomically with the creation (PLATFORM L1, L2).
 */
export function parseCreated(answer: unknown): { start: number; pending: number } {
  const a = successful(answer) as { delivered?: { stream_seq?: number }; num_pending?: number };
  return { start: (a.delivered?.stream_seq ?? 0) + 1, pending: a.num_pending ?? 0 };
}

function successful(answer: unknown): object {
  if (typeof answer !== "object" || answer === null)
    throw new UpstreamError("unavailable", "JetStream answered no JSON object");
  const error = (answer as { error?: unknown }).error;
  if (typeof error === "object" && error !== null) throw apiError(error);
  return answer;
}

export const streamInfoSubject = (stream: string): string => `$JS.API.STREAM.INFO.${stream}`;
export const createSubject = (stream: string, name: string, filter: string): string =>
  `$JS.API.CONSUMER.CREATE.${stream}.${name}.${filter}`;
export const deleteSubject = (stream: string, name: string): string => `$JS.API.CONSUMER.DELETE.${stream}.${name}`;
export const pullSubject = (stream: string, name: string): string => `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`;

const NANOS = 1_000_000;

/** Nothing is acknowledged or redelivered, and the broker collects what a lost room leaves (U1). */
export function consumerConfig(c: {
  stream: string;
  name: string;
  filter: string;
  startSeq: number;
  inactiveMs: number;
}): object {
  return {
    stream_name: c.stream,
    config: {
      name: c.name,
      ack_policy: "none",
      deliver_policy: "by_start_sequence",
      opt_start_seq: c.startSeq,
      filter_subject: c.filter,
      replay_policy: "instant",
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: c.inactiveMs * NANOS,
    },
  };
}

/** One pull. `maxBytes` must never be below the broker's `max_payload` (PLATFORM J11). */
export function pullRequest(p: {
  batch: number;
  expiresMs: number;
  idleHeartbeatMs: number;
  maxBytes?: number;
}): object {
  return {
    batch: p.batch,
    expires: p.expiresMs * NANOS,
    idle_heartbeat: p.idleHeartbeatMs * NANOS,
    ...(p.maxBytes === undefined ? {} : { max_bytes: p.maxBytes }),
  };
}

/** Identity of a stream, short enough for a query string: FNV-1a over name and creation time, twice. */
export function epochOf(stream: string, created: string): string {
  return fnv1a(`${stream}\n${created}`, 0x811c9dc5) + fnv1a(`${created}\n${stream}`, 0x01000193);
}

function fnv1a(text: string, seed: number): string {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
