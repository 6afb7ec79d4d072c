/** What the list says while it has no row: why, and what to do. */
import { isEmpty, type Filter } from "./filter.ts";
import { asksToken, asksWhere, type Situation } from "../connection/situation.ts";

export interface EmptyView {
  readonly title: string;
  readonly text: string;
  readonly command: string;
}

export interface Counts {
  /** Since the subject was asked for. */
  readonly received: number;
  /** Entries that pass the filter. */
  readonly rows: number;
  readonly entries: number;
  /** Arrived since the list was paused. */
  readonly held: number;
}

const say = (title: string, text: string, command = ""): EmptyView => ({ title, text, command });

/** Null when there are rows. */
export function emptyView(
  situation: Situation,
  { received, rows, entries, held }: Counts,
  filter: Filter,
): EmptyView | null {
  if (rows > 0) return null;
  if (entries > 0 && !isEmpty(filter)) {
    return say(
      "Nothing matches the filter",
      `None of the ${entries.toLocaleString("en-US")} events kept has all of it. Shorten the filter to see more.`,
    );
  }
  if (situation.kind === "idle") {
    return say(
      "Watch events as they happen",
      "Paste a token and press Connect. In development, npm start prints the token; elsewhere, ask whoever runs this relay.",
    );
  }
  if (held > 0) return say("Paused", "Press Resume to see what came since.");
  if (asksWhere(situation)) return say("The cursor is gone", "Choose above where to go on.");
  if (asksToken(situation)) return say("A token is needed", "Paste a new one above and press Connect.");
  const { state } = situation;
  if (state.kind === "closed") return say("No events", "The line above says why, and what to do.");
  if (state.kind === "waiting") return say("No events yet", "The line above says what the page is waiting for.");
  if (received > 0) return say("List cleared", "New events will show here.");
  if (state.kind === "live") {
    return say(
      "Waiting for the first event",
      "Nothing came on this subject yet. Publish one, for example:",
      exampleFor(situation.subject),
    );
  }
  return say("No events yet", "They will show here, newest first.");
}

/** A subject that the filter matches, with an event that the relay lists. */
function exampleFor(filter: string): string {
  const subject = (filter === "" ? "cellos.events.>" : filter).replaceAll("*", "demo").replace(/>$/, "demo");
  const event = { specversion: "1.0", id: "1", source: "/hello", type: "com.example.hello" };
  return `nats pub ${subject} '${JSON.stringify(event)}'`;
}
