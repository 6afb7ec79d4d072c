import { isDeepStrictEqual } from "node:util";
import type { Context } from "./context.ts";

/**
 * How a check spends its time: `quick` ones run one after another, `waits` ones all together while those run (they watch
 * heartbeats), `loads` ones alone at the end, since they would disturb every clock.
 */
export type Pace = "quick" | "waits" | "loads";

export interface Check {
  /** Rule of docs/spec.md. */
  readonly id: string;
  /** What is promised, in a few words. */
  readonly sentence: string;
  readonly pace: Pace;
  readonly run: (context: Context) => Promise<void>;
}

/** The rule cannot be decided here; the message says what it would need. */
export class NotChecked extends Error {
  override readonly name = "NotChecked";
}

const registered: Check[] = [];

/** Registers one check; several may prove one rule. */
export function rule(
  id: string,
  sentence: string,
  run: (context: Context) => Promise<void>,
  pace: Pace = "quick",
): void {
  registered.push({ id, sentence, pace, run });
}

/** Registers why a rule, or the rest of it, cannot be checked from outside. */
export function notChecked(id: string, sentence: string, needs: string): void {
  rule(id, sentence, () => Promise.reject(new NotChecked(needs)));
}

/** Everything registered, in the order of docs/spec.md. */
export function allChecks(): readonly Check[] {
  return registered.toSorted((a, b) => position(a.id) - position(b.id));
}

const SECTIONS = "HWVUBAOC";

/** H2 before H10, and the sections in the order of docs/spec.md. */
function position(id: string): number {
  return SECTIONS.indexOf(id.charAt(0)) * 100 + Number(id.slice(1));
}

/** Fails unless both are deeply equal; `what` is the subject of the sentence. */
export function same(what: string, got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected)) throw new Error(`${what}: expected ${shown(expected)} got ${shown(got)}`);
}

/** Fails unless `holds`; `expected` and `got` make the message. */
export function that(holds: boolean, what: string, expected: string, got: unknown): void {
  if (!holds) throw new Error(`${what}: expected ${expected} got ${shown(got)}`);
}

/** Fails with all of `problems`, if there are any. */
export function none(what: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const more = problems.length > SHOWN_PROBLEMS ? ` (and ${problems.length - SHOWN_PROBLEMS} more)` : "";
  throw new Error(`${what}: ${problems.slice(0, SHOWN_PROBLEMS).join("; ")}${more}`);
}

const SHOWN_PROBLEMS = 4;
const SHOWN_CHARS = 300;

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
