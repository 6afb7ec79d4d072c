import type { Envelope, Frame } from "../support/wire/test-socket.ts";
import { HEARTBEAT_TYPE } from "../support/wire/test-socket.ts";

const MAX_FRAME_EVENTS = 256;

/** What the algebra of cursors (V10) says about the frames of one v2 connection, in order; empty when it holds. */
export function chainProblems(frames: readonly Frame[]): string[] {
  const problems: string[] = [];
  let cursor = Number.NaN;
  let live = false;
  let caughtUp = false;
  let ended = false;
  for (const [index, frame] of frames.entries()) {
    if (frame.type === "pong") continue;
    const say = (what: string): void => void problems.push(`frame ${index} (${frame.type ?? "no type"}) ${what}`);
    if (ended) say("follows a problem");
    if (Number.isNaN(cursor) !== (frame.type === "welcome") && frame.type !== "problem") say("is out of place");
    switch (frame.type) {
      case "welcome":
        cursor = numberOf(frame.cursor);
        live = frame.live === true;
        break;
      case "events": {
        const events = frame.events ?? [];
        if (frame.prev !== cursor) say(`has prev ${frame.prev} where the cursor is ${cursor}`);
        if (events.length === 0 || events.length > MAX_FRAME_EVENTS) say(`holds ${events.length} events`);
        for (const { seq } of events) {
          if (!(seq > cursor)) say(`has seq ${seq} after ${cursor}`);
          cursor = seq;
        }
        break;
      }
      case "caught-up":
        if (live) say("comes after live:true");
        if (caughtUp) say("comes twice");
        caughtUp = true;
        if (!(numberOf(frame.cursor) >= cursor)) say(`has cursor ${frame.cursor} below ${cursor}`);
        cursor = numberOf(frame.cursor);
        break;
      case "heartbeat":
        if (!(numberOf(frame.cursor) >= cursor)) say(`has cursor ${frame.cursor} below ${cursor}`);
        if (frame.upstream !== "connected" && frame.upstream !== "reconnecting") say(`has upstream ${frame.upstream}`);
        cursor = numberOf(frame.cursor);
        break;
      case "problem":
        ended = true;
        break;
      default:
        say("is no frame of the protocol");
    }
  }
  return problems;
}

/** The same for v1: events ascend, and a heartbeat is never below what came before it. */
export function orderProblems(frames: readonly Frame[], since = -1): string[] {
  const problems: string[] = [];
  let cursor = since;
  let reached = since;
  for (const [index, { seq, event, type, ...rest }] of frames.entries()) {
    if (type === "pong") continue;
    const say = (what: string): void => void problems.push(`frame ${index} ${what}`);
    if (seq === undefined || event === undefined || type !== undefined || Object.keys(rest).length > 0) {
      say("is no envelope");
    } else if (event?.type === HEARTBEAT_TYPE) {
      if (seq < reached) say(`is a heartbeat at ${seq} after ${reached}`);
      reached = Math.max(reached, seq);
    } else {
      if (seq <= cursor) say(`has seq ${seq} after ${cursor}`);
      if (seq <= reached && seq > cursor) say(`has seq ${seq}, which a heartbeat at ${reached} had passed`);
      cursor = seq;
      reached = Math.max(reached, seq);
    }
  }
  return problems;
}

/** Matches that a frame's cursor passed without their having been sent (W2, W9); `matches` is all of them, ascending. */
export function lossProblems(frames: readonly Frame[], matches: readonly number[], since = 0): string[] {
  const problems: string[] = [];
  let start = since;
  const sent = new Set<number>();
  let checked = 0;
  for (const frame of frames) {
    if (frame.type === "welcome") start = numberOf(frame.cursor);
    for (const { seq } of eventsIn(frame)) sent.add(seq);
    const reached = cursorIn(frame);
    for (; checked < matches.length && numberOf(matches[checked]) <= reached; checked += 1) {
      const seq = numberOf(matches[checked]);
      if (seq > start && !sent.has(seq))
        problems.push(`${frame.type ?? "a frame"} at ${reached} passed ${seq}, which was not sent`);
    }
  }
  return problems;
}

/** Events of a frame of either protocol, heartbeats left out. */
export function eventsIn(frame: Frame): readonly Envelope[] {
  if (frame.events !== undefined) return frame.events;
  if (frame.seq === undefined || frame.event === undefined || frame.event?.type === HEARTBEAT_TYPE) return [];
  return [{ seq: frame.seq, event: frame.event }];
}

function cursorIn(frame: Frame): number {
  return frame.cursor ?? frame.events?.at(-1)?.seq ?? frame.seq ?? -1;
}

function numberOf(value: number | undefined): number {
  return value ?? Number.NaN;
}
