/** What the page shows, as plain data: rows from events, words from the connection's state. */
import type { Entry } from "./log.ts";
import type { Link, State } from "./machine.ts";
import { factOf, verdictOf, wordsOf } from "./why.ts";

export interface RowView {
  readonly key: number;
  readonly seq: string;
  readonly time: string;
  /** The time as the event states it. */
  readonly timeTitle: string;
  /** `io.cellos.cell.v1.` and `started`: the tail tells events apart, so it is the part never cut off. */
  readonly typeHead: string;
  readonly typeTail: string;
  readonly source: string;
  readonly subject: string;
}

export type Action = "retry" | "continue" | "start-live" | "start-oldest";

export interface StatusView {
  readonly tone: "idle" | "busy" | "live" | "warn" | "stop";
  readonly word: string;
  readonly sentence: string;
  readonly fact: string;
  readonly actions: readonly { readonly action: Action; readonly label: string }[];
}

const NONE = "–";

export function rowView(entry: Entry, today: string): RowView {
  const { type, source, subject, id, time } = entry.fields;
  const cut = type.lastIndexOf(".") + 1;
  return {
    key: entry.key,
    seq: String(entry.seq),
    time: timeView(time, today),
    timeTitle: time,
    typeHead: type.slice(0, cut),
    typeTail: type === "" ? "no type" : type.slice(cut),
    source: source || NONE,
    subject: subject || id || NONE,
  };
}

const two = (part: number): string => String(part).padStart(2, "0");

/** The reader's local day as `MM-DD`: an event of another day carries its date, so a replay does not look like now. */
export const dayOf = (date: Date): string => `${two(date.getMonth() + 1)}-${two(date.getDate())}`;

function timeView(time: string, today: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return NONE;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = dayOf(date);
  return day === today ? `${clock}.${String(date.getMilliseconds()).padStart(3, "0")}` : `${day} ${clock}`;
}

/** Every word of the filter occurs in the type or the source, whatever the case. */
export function matches(entry: Entry, filter: string): boolean {
  const text = `${entry.fields.type} ${entry.fields.source}`.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export function statusView(state: State): StatusView {
  switch (state.kind) {
    case "idle":
      return { tone: "idle", word: "Not connected", sentence: "", fact: "", actions: [] };
    case "connecting":
      return {
        tone: "busy",
        word: "Connecting",
        sentence: `Opening ${nameOf(state.link)}${fromWhere(state.link)}.`,
        fact: "",
        actions: [],
      };
    case "asking":
      return {
        tone: "busy",
        word: "Checking",
        sentence: "The connection did not open. Asking the relay why.",
        fact: "",
        actions: [],
      };
    case "live":
      return { tone: "live", word: "Connected", sentence: `Receiving ${nameOf(state.link)}.`, fact: "", actions: [] };
    case "waiting":
      return {
        tone: "warn",
        word: "Reconnecting",
        sentence: `${wordsOf(state.why)}${state.link.cursor === null ? " No position is known yet, so it will start live." : ""}`,
        fact: factOf(state.why),
        actions: [{ action: "retry", label: "Retry now" }],
      };
    case "closed":
      return {
        tone: state.why.kind === "user" ? "idle" : "stop",
        word: state.why.kind === "user" ? "Disconnected" : "Stopped",
        sentence: wordsOf(state.why),
        fact: factOf(state.why),
        actions: closedActions(state),
      };
  }
}

function closedActions(state: Extract<State, { kind: "closed" }>): StatusView["actions"] {
  if (verdictOf(state.why) === "rehydrate") {
    return [
      { action: "start-live", label: "Start live" },
      { action: "start-oldest", label: "Start from the oldest retained" },
    ];
  }
  if (state.why.kind !== "user" || state.link.cursor === null) return [];
  return [{ action: "continue", label: `Continue after ${state.link.cursor}` }];
}

const nameOf = (link: Link): string => (link.subject === "" ? "the default subject" : link.subject);

function fromWhere(link: Link): string {
  if (link.cursor === null) return "";
  return link.cursor === "0" ? " from the oldest retained event" : ` after ${link.cursor}`;
}

export function retryWords(state: State, nowMs: number): string {
  if (state.kind !== "waiting") return "";
  const seconds = Math.max(0, Math.ceil((state.untilMs - nowMs) / 1000));
  return seconds === 0 ? "Retrying now" : `Retrying in ${seconds} s`;
}

export interface EmptyView {
  readonly title: string;
  readonly text: string;
  readonly command: string;
}

export interface Counts {
  /** Since the connection was asked for. */
  readonly received: number;
  /** Entries that pass the filter. */
  readonly rows: number;
  readonly entries: number;
  /** Arrived since the list was paused. */
  readonly held: number;
}

/** What the list says while it has no row; null when it has some. */
export function emptyView(state: State, { received, rows, entries, held }: Counts, filter: string): EmptyView | null {
  if (rows > 0) return null;
  if (entries > 0) {
    const text = `None of the ${entries} events kept has “${filter}” in its type or source.`;
    return { title: "Nothing matches the filter", text, command: "" };
  }
  if (held > 0) return { title: "Paused", text: "Press Resume to see what came since.", command: "" };
  if (received > 0) return { title: "List cleared", text: "New events will show here.", command: "" };
  if (state.kind === "live") {
    return {
      title: "Waiting for the first event",
      text: "Nothing came on this subject yet. Publish one, for example:",
      command: exampleFor(state.link.subject),
    };
  }
  if (state.kind === "idle") {
    return {
      title: "Watch events as they happen",
      text: "Paste a token and press Connect. In development, npm start prints the token; elsewhere, ask whoever runs this relay.",
      command: "",
    };
  }
  if (state.kind === "closed")
    return { title: "No events", text: "The line above says why, and what to do.", command: "" };
  return { title: "No events yet", text: "They will show here, newest first.", command: "" };
}

/** A subject that the filter matches, with an event that the relay lists. */
function exampleFor(filter: string): string {
  const subject = (filter === "" ? "cellos.events.>" : filter).replaceAll("*", "demo").replace(/>$/, "demo");
  const event = { specversion: "1.0", id: "1", source: "/hello", type: "com.example.hello" };
  return `nats pub ${subject} '${JSON.stringify(event)}'`;
}
