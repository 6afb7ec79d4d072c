/**
 * What a decision needs of the outside and cannot make itself: time, chance, names, and a place to say something. It is
 * passed in, so that every test brings its own.
 */
import type { LogFields } from "./log-line.ts";

/** One timer that is armed or not: an idle room can sleep only while none is (DO-2). */
export interface Timer {
  readonly isArmed: boolean;
  /** Arms it anew, for so many milliseconds from now; an earlier arming is forgotten. */
  arm(afterMs: number, run: () => void): void;
  clear(): void;
}

/** A line about a subject may be told sparingly: see `log-repeats.ts`. */
export type SubjectFields = LogFields & { readonly subject: string };

export interface Runtime {
  /** A measure in milliseconds that never falls, for durations and deadlines: of this isolate only (`measure.ts`). */
  nowMs(): number;
  /** Milliseconds since 1970, as everybody else counts them. May be set back at any time. */
  wallMs(): number;
  /** From 0 up to but not including 1. */
  random(): number;
  /** 16 hexadecimal digits that nobody else has. */
  newId(): string;
  timer(): Timer;
  /** Runs at the end of this turn. */
  soon(run: () => void): void;
  /** Resolves after this time, at once for a negative one. */
  delay(ms: number): Promise<void>;
  log(event: string, fields?: LogFields): void;
  /** Whether its owner stays awake: only then may a timer wait for the end of a minute in which lines were left out (O3). */
  keepAwake(isAwake: boolean): void;
  /** As `log`, unless there were enough of this event and subject, and this one is not `isDue`. True when it was printed. */
  logSparingly(event: string, fields: SubjectFields, isDue?: boolean): boolean;
}
