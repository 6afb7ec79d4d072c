/** The kinds of setting, each with what docs/settings.md says of it. Pure. */
import * as z from "zod/mini";
import { isValidFilter } from "../protocol/subject.ts";

/** What docs/settings.md says of one setting. */
export interface Setting {
  readonly name: string;
  readonly unit: string;
  /** The default as an operator would write it; empty when there is none. */
  readonly default: string;
  /** What a value must be; ends the sentence "NAME must be …". */
  readonly must: string;
  readonly doc: string;
}
export type Doc = Omit<Setting, "name">;

const FILTER = "a NATS subject filter of at most 256 bytes, such as cellos.events.>";

export const docs = z.registry<Doc>();

// A default or an optional is a new schema, so `register` comes last.

export function matching(isValid: (value: string) => boolean, doc: Doc) {
  return z.optional(z.string().check(z.refine(isValid))).register(docs, doc);
}

export function anyText(unit: string, doc: string) {
  return matching(() => true, { unit, default: "", must: "text", doc });
}

export function filter(fallback: string, doc: string) {
  return matching(isValidFilter, { unit: "filter", default: fallback, must: FILTER, doc });
}

/** A subject without wildcards, for others to be made of. */
export function plainSubject(fallback: string, doc: string) {
  const must = "a NATS subject of at most 256 bytes, without wildcards and without a dot at its end";
  const isPlain = (text: string): boolean => isValidFilter(text) && !/[*>]/.test(text);
  return matching(isPlain, { unit: "subject", default: fallback, must, doc });
}

/** A value of several entries, separated by commas or white space unless `separator` says otherwise. */
export function list(isValid: (entry: string) => boolean, doc: Doc, separator = /[,\s]+/) {
  const split = z.transform((text: string) => text.split(separator).filter((entry) => entry !== ""));
  const valid = z.array(z.string()).check(z.refine((entries) => entries.every(isValid)));
  return z._default(z.pipe(z.pipe(z.string(), split), valid), []).register(docs, doc);
}

export function choice<T extends string>(values: readonly T[], fallback: T, doc: string) {
  const must = `one of ${values.join(", ")}`;
  return z._default(z.enum(values), fallback).register(docs, { unit: "word", default: fallback, must, doc });
}

export function integer(unit: string, fallback: number, min: number, max: number, doc: string) {
  return z._default(wholeNumber(min, max), fallback).register(docs, integerDoc(unit, fallback, min, max, doc));
}

/** Undefined when not set, for a setting whose default does not hold everywhere. */
export function optionalInteger(unit: string, fallback: number, min: number, max: number, doc: string) {
  return z.optional(wholeNumber(min, max)).register(docs, integerDoc(unit, fallback, min, max, doc));
}

function wholeNumber(min: number, max: number) {
  const digits = z.pipe(z.string().check(z.regex(/^\d+$/)), z.transform(Number));
  return z.pipe(digits, z.number().check(z.minimum(min), z.maximum(max)));
}

function integerDoc(unit: string, fallback: number, min: number, max: number, doc: string): Doc {
  return { unit, default: String(fallback), must: `a whole number from ${min} to ${max} (${unit})`, doc };
}
