/** One event as the page keeps it: its JSON as text, which has every digit, and what a row shows of it. */

export interface EventFields {
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly id: string;
  readonly time: string;
}

export interface Entry {
  /** Counts up for the life of the page; `seq` may start over when a stream is recreated. */
  readonly key: number;
  readonly seq: number;
  readonly fields: EventFields;
  readonly text: string;
}

/** A payload may be any JSON (W7), so an event may be a number or a list: listed, with empty fields. So is one that is not there. */
export function entryOf(key: number, seq: number, event: unknown): Entry {
  const object = Object(event) as Readonly<Record<string, unknown>>;
  const textOf = (name: string): string => {
    const value = object[name];
    return typeof value === "string" ? value : "";
  };
  const fields = {
    type: textOf("type"),
    source: textOf("source"),
    subject: textOf("subject"),
    id: textOf("id"),
    time: textOf("time"),
  };
  return { key, seq, fields, text: JSON.stringify(event) ?? "null" };
}
