/** One text frame of protocol v1, read just far enough to list it; the text itself is kept for display. */
import { HEARTBEAT_TYPE } from "../protocol/frames.ts";

export interface EventFields {
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly id: string;
  readonly time: string;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly oldestSeq: number | null;
}

export type Frame =
  | { readonly kind: "event"; readonly seq: number; readonly fields: EventFields; readonly text: string }
  | { readonly kind: "heartbeat"; readonly seq: number }
  | { readonly kind: "problem"; readonly problem: Problem }
  | { readonly kind: "pong" }
  | { readonly kind: "unreadable" };

const PROBLEM_PREFIX = "/problems/";
const UNREADABLE: Frame = { kind: "unreadable" };

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const textOf = (object: Json, name: string): string => {
  const value = object[name];
  return typeof value === "string" ? value : "";
};
const seqOf = (value: unknown): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;

export function readFrame(text: string): Frame {
  if (text === "pong") return { kind: "pong" };
  const json = parse(text);
  if (!isObject(json)) return UNREADABLE;
  if (textOf(json, "type").startsWith(PROBLEM_PREFIX)) return { kind: "problem", problem: readProblem(json) };
  const seq = seqOf(json["seq"]);
  if (seq === null || !("event" in json)) return UNREADABLE;
  // A payload may be any JSON (W7), so `event` may be a number or a list: listed, with empty fields.
  const event = isObject(json["event"]) ? json["event"] : {};
  if (event["type"] === HEARTBEAT_TYPE) return { kind: "heartbeat", seq };
  return { kind: "event", seq, fields: readFields(event), text };
}

export function readProblem(json: unknown): Problem {
  if (!isObject(json)) return { type: "", title: "", oldestSeq: null };
  return { type: textOf(json, "type"), title: textOf(json, "title"), oldestSeq: seqOf(json["oldest_seq"]) };
}

/** The event's own text inside a frame, untouched: parsing it would round integers above 2^53 (W1). */
export function eventText(frameText: string): string {
  const head = /^\s*\{\s*"seq"\s*:\s*\d+\s*,\s*"event"\s*:/.exec(frameText);
  const end = frameText.lastIndexOf("}");
  return head === null || end < head[0].length ? frameText : frameText.slice(head[0].length, end);
}

function readFields(event: Json): EventFields {
  return {
    type: textOf(event, "type"),
    source: textOf(event, "source"),
    subject: textOf(event, "subject"),
    id: textOf(event, "id"),
    time: textOf(event, "time"),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
