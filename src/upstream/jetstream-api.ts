/**
 * The part of the JetStream API a room speaks (JS-12): requests as data, answers as types, errors as
 * causes (O8). Pure; `nats-connection.ts` carries it.
 */

import { CAUSES, type Cause, type Verdict } from "./causes.ts";
import { doubtOf } from "./leadership.ts";
import type { StreamShape } from "./stream-shape.ts";
import { nanosOf } from "./stream-time.ts";

const NANOS = 1_000_000;

/** A failure of the upstream. Its message is the detail: what was answered, or was not. */
export class UpstreamError extends Error {
  override readonly name: string = "UpstreamError";
  override readonly cause: Cause;
  readonly verdict: Verdict;

  constructor(cause: Cause, detail: string) {
    super(detail);
    this.cause = cause;
    this.verdict = CAUSES[cause].verdict;
  }
}

/** Whether JetStream answered, be it with a no. Where it is off, another server of the cluster may have it. */
export function isAnswer(error: unknown): boolean {
  return error instanceof UpstreamError && error.verdict === "refused" && error.cause !== "jetstream-off";
}

/** Whether the consumer whose creation failed so may be there all the same. */
export function mayExist(error: unknown): boolean {
  return error instanceof UpstreamError && (error.verdict === "unavailable" || error.cause === "filter-unsupported");
}

/** Nobody answers to a subject: JetStream is off, or the account does not import that part of its API. */
export class NoResponders extends UpstreamError {
  override readonly name = "NoResponders";
  constructor(subject: string) {
    super("jetstream-off", `nobody answers to ${lastingSubject(subject)}`);
  }
}

/** A subject as a permission would name it: without the names that the relay makes anew each time. */
export function lastingSubject(subject: string): string {
  return subject.replace(/\brelay-[0-9a-f]{16}\b/, "*").replace(/^(.+)\.[0-9A-Z]{22}(?:\.\*)?$/, "$1.>");
}

/** An answer that is none of JetStream's: a proxy, a broken broker, or something that only speaks like one. */
export class MalformedAnswer extends UpstreamError {
  override readonly name = "MalformedAnswer";
  constructor(what: string) {
    super("not-a-broker", `its answer makes no sense: ${what}`);
  }
}

/** What a request was for, where its error alone does not tell the cause. */
export type Purpose = "question" | "creation";

/** Error codes of JetStream (`err_code`) with a cause of their own. */
const CAUSE_OF_CODE: ReadonlyMap<unknown, Cause> = new Map([
  [10059, "stream-missing"],
  [10039, "jetstream-off"],
  [10076, "jetstream-off"],
  // Not assigned, not active, no leader, not the leader; a stream or consumer whose server is away.
  [10006, "no-leader"],
  [10007, "no-leader"],
  [10008, "no-leader"],
  [10009, "no-leader"],
  [10118, "no-leader"],
  [10119, "no-leader"],
  // Consumers, and the memory and the other means of the account and the server.
  [10002, "consumer-limit"],
  [10023, "consumer-limit"],
  [10026, "consumer-limit"],
  [10028, "consumer-limit"],
]);

/** What JetStream's error object means for us. Of a question, what has no cause of its own passes by itself or is nonsense. */
export function apiError(error: object, purpose: Purpose = "question"): UpstreamError {
  const { code, err_code, description } = error as Readonly<Record<string, unknown>>;
  const text = `JetStream answered ${wordOf(code)}/${wordOf(err_code)}: ${typeof description === "string" ? description : "no description"}`;
  const known = CAUSE_OF_CODE.get(err_code);
  if (known !== undefined) return new UpstreamError(known, text);
  if (code === 503 || typeof code !== "number") return new UpstreamError("no-leader", text);
  return new UpstreamError(purpose === "question" && code >= 500 ? "no-leader" : "consumer-refused", text);
}

function wordOf(code: unknown): string {
  return typeof code === "number" ? String(code) : "?";
}

/** A stream as a room sees it. `created` is its identity together with the name (JS-4). */
export interface StreamInfo {
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly messages: number;
  readonly bytes: number;
  /** Messages removed from between others. */
  readonly deleted: number;
  /** The last message that the stream took, in whatever subject; null when there was none, or its time makes no sense. */
  readonly last: Landmark | null;
  /** Filters of all its subjects; null when they are not told, because it gets its messages from other streams. */
  readonly subjects: readonly string[] | null;
  readonly shape: StreamShape;
}

/** One message of one history of a stream. */
export interface Landmark {
  readonly seq: number;
  /** When the stream took it: nanoseconds since 1970. */
  readonly time: string;
}

/**
 * Reads the answer of STREAM.INFO. Throws UpstreamError when it is an error, and MalformedAnswer when it is nothing at all.
 * The side of a cluster that has no leader answers too, with what it once knew, and so does a leader that was cut off from
 * the others, until it notices (JS-24): that is no answer.
 */
export function parseStreamInfo(answer: unknown): StreamInfo {
  const { created, state, config, cluster } = successful(answer);
  const doubt = doubtOf(cluster);
  if (doubt !== null) throw new UpstreamError("no-leader", doubt);
  if (typeof created !== "string" || created === "") throw new MalformedAnswer("`created` is no text");
  const counts = membersOf(state, "state");
  const settings = config === undefined || config === null ? {} : membersOf(config, "config");
  const lastSeq = countIn(counts, "last_seq");
  const lastTime = nanosOf(counts["last_ts"]);
  const info = {
    created,
    firstSeq: countIn(counts, "first_seq"),
    lastSeq,
    messages: countIn(counts, "messages"),
    bytes: countIn(counts, "bytes"),
    deleted: countIn(counts, "num_deleted"),
    last: lastTime === null || lastSeq === 0 ? null : { seq: lastSeq, time: lastTime },
    subjects: subjectsOf(settings),
    shape: shapeOf(settings),
  };
  if (info.firstSeq > info.lastSeq + 1) throw new MalformedAnswer("`first_seq` lies above `last_seq`");
  return info;
}

/** A limit that is left out, 0 or -1 is none. */
function shapeOf(config: Members): StreamShape {
  const isSet = (name: string): boolean => Number(config[name]) > 0;
  const refusesNew = config["discard"] === "new";
  return {
    retention: typeof config["retention"] === "string" ? config["retention"] : "limits",
    replaces: isSet("max_msgs_per_subject"),
    maxAgeMs: isSet("max_age") ? Number(config["max_age"]) / NANOS : null,
    cutsOldest: !refusesNew && (isSet("max_msgs") || isSet("max_bytes")),
    hasMessageTtl: config["allow_msg_ttl"] === true,
  };
}

const MESSAGE_NOT_FOUND = 10037;

/** Reads the answer of STREAM.MSG.GET: the message's time, null when there is no message at that seq. Throws as parseStreamInfo does. */
export function parseMessageTime(answer: unknown): string | null {
  const members = membersOf(answer, "the answer");
  const { error } = members;
  if (typeof error === "object" && error !== null && (error as Members)["err_code"] === MESSAGE_NOT_FOUND) return null;
  const { time } = membersOf(successful(members)["message"], "message");
  const nanos = nanosOf(time);
  if (nanos === null) throw new MalformedAnswer("`time` is no time");
  return nanos;
}

function subjectsOf({ subjects, mirror, sources, subject_transform }: Members): readonly string[] | null {
  if ((mirror ?? sources ?? subject_transform ?? undefined) !== undefined) return null;
  const isList = Array.isArray(subjects) && subjects.every((subject) => typeof subject === "string");
  return isList ? subjects : null;
}

/**
 * Where a new consumer really starts, and how many matches wait there: JetStream clamps a too old start silently
 * and says so only here, atomically with the creation (JS-1, JS-2). Throws as parseStreamInfo does, and where the consumer
 * was made with another filter.
 */
export function parseCreated(answer: unknown, filter: string): { start: number; pending: number } {
  const members = successful(answer, "creation");
  const { delivered, config } = members;
  const made = Object(config) as Members;
  if (config !== undefined && made["filter_subject"] !== filter)
    throw new UpstreamError("filter-unsupported", `asked for ${filter}`);
  const read = delivered === undefined ? 0 : countIn(membersOf(delivered, "delivered"), "stream_seq");
  return { start: read + 1, pending: countIn(members, "num_pending") };
}

type Members = Readonly<Record<string, unknown>>;

function successful(answer: unknown, purpose?: Purpose): Members {
  const members = membersOf(answer, "the answer");
  if (typeof members["error"] === "object" && members["error"] !== null) throw apiError(members["error"], purpose);
  return members;
}

function membersOf(value: unknown, name: string): Members {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Members;
  throw new MalformedAnswer(`${name} is no object`);
}

/** A count, 0 when it is left out, as Go does with zeros. Numbers in text, below 0 or from 2^53 on are none. */
function countIn(members: Members, name: string): number {
  const count = members[name] ?? 0;
  if (Number.isSafeInteger(count) && Number(count) >= 0) return Number(count);
  throw new MalformedAnswer(`\`${name}\` is no count`);
}

// Subjects below the prefix of the API, which the connection puts in front (U6).
export const streamInfoSubject = (stream: string): string => `STREAM.INFO.${stream}`;
export const messageGetSubject = (stream: string): string => `STREAM.MSG.GET.${stream}`;
export const createSubject = (stream: string, name: string, filter: string): string =>
  `CONSUMER.CREATE.${stream}.${name}.${filter}`;
export const deleteSubject = (stream: string, name: string): string => `CONSUMER.DELETE.${stream}.${name}`;
export const pullSubject = (stream: string, name: string): string => `CONSUMER.MSG.NEXT.${stream}.${name}`;

/** Nothing is acknowledged or redelivered, and the broker collects what a lost room leaves (U1). */
export function consumerConfig(c: {
  stream: string;
  name: string;
  filter: string;
  startSeq: number;
  /** Null: as long as the stream allows. */
  inactiveMs: number | null;
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
      ...(c.inactiveMs === null ? {} : { inactive_threshold: c.inactiveMs * NANOS }),
    },
  };
}

/** One pull. `maxBytes` must never be below the broker's `max_payload` (JS-9). */
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
