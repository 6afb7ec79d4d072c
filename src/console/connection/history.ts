/** The states that the connection went through: newest first, bounded. */
import { clockOf } from "../page/clock.ts";
import type { StatusView } from "./status-words.ts";

export interface Moment {
  readonly atMs: number;
  readonly tone: StatusView["tone"];
  readonly word: string;
  readonly sentence: string;
  readonly fact: string;
}

export const MAX_MOMENTS = 100;

/** The same state said twice is one moment. */
export function withMoment(moments: readonly Moment[], view: StatusView, atMs: number): readonly Moment[] {
  const [newest] = moments;
  const { tone, word, sentence, fact } = view;
  if (newest?.word === word && newest.sentence === sentence && newest.fact === fact) return moments;
  return [{ atMs, tone, word, sentence, fact }, ...moments].slice(0, MAX_MOMENTS);
}

export interface MomentView {
  readonly tone: StatusView["tone"];
  readonly clock: string;
  readonly iso: string;
  readonly word: string;
  readonly duration: string;
  readonly text: string;
  readonly fact: string;
}

/** Each lasted until the one after it; the newest lasts. */
export function momentViews(moments: readonly Moment[], nowMs: number): MomentView[] {
  return moments.map(({ atMs, tone, word, sentence, fact }, index) => {
    const at = new Date(atMs);
    const newer = moments[index - 1];
    const duration = newer === undefined ? `for ${durationWords(nowMs - atMs)}` : durationWords(newer.atMs - atMs);
    return { tone, clock: clockOf(at), iso: at.toISOString(), word, duration, text: sentence, fact };
  });
}

export function durationWords(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms / 100)) / 10} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
