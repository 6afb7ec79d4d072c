/** What the page says about its connection, as plain data. */
import { asksWhere, errorOf, type Cursor, type Situation } from "./situation.ts";
import { factOf, renewalWords, wordOf, wordsOf } from "./why.ts";

export type Action = "retry" | "start-oldest" | "start-live";

export interface StatusView {
  readonly tone: "idle" | "busy" | "live" | "warn" | "stop";
  readonly word: string;
  readonly sentence: string;
  readonly fact: string;
  readonly actions: readonly { readonly action: Action; readonly label: string }[];
}

const plain = (tone: StatusView["tone"], word: string, sentence: string, fact = ""): StatusView => ({
  tone,
  word,
  sentence,
  fact,
  actions: [],
});

const CHOICES: StatusView["actions"] = [
  { action: "start-oldest", label: "Start at the oldest retained" },
  { action: "start-live", label: "Start live" },
];

export function statusView(situation: Situation): StatusView {
  if (situation.kind === "idle") {
    const { kept } = situation;
    return plain("idle", "Not connected", kept === null ? "" : nextStep(kept));
  }
  const { state, resumedFrom } = situation;
  const name = situation.subject === "" ? "the default subject" : situation.subject;
  const error = errorOf(situation);
  switch (state.kind) {
    case "connecting":
      return plain("busy", "Connecting", `Opening ${name}.`, fromWhere("Resuming", resumedFrom));
    case "replaying":
      return plain(
        "busy",
        "Catching up",
        `Receiving what happened before on ${name}.`,
        fromWhere("Resumed", resumedFrom),
      );
    case "live":
      if (state.upstream === "connected")
        return plain("live", "Live", `Receiving ${name}.`, fromWhere("Resumed", resumedFrom));
      return plain(
        "warn",
        "Live, no broker",
        "The relay has lost its broker. Nothing to do here: it goes on by itself, and what happens meanwhile comes then.",
      );
    case "waiting": {
      const words = error === null ? "" : (renewalWords(error) ?? wordsOf(error));
      const fact = error === null ? "" : factOf(error);
      if (asksWhere(situation)) return { ...plain("stop", "Cursor gone", words, fact), actions: CHOICES };
      const blind = situation.cursor === null ? " No position is known yet, so it will start live." : "";
      return {
        ...plain("warn", "Reconnecting", `${words}${blind}`, fact),
        actions: [{ action: "retry", label: "Retry now" }],
      };
    }
    case "closed":
      if (situation.isLeft) return plain("idle", "Disconnected", `You disconnected. ${nextStep(situation.cursor)}`);
      if (error === null) return plain("idle", "Ended", "The relay ended the connection. Press Connect to go on.");
      return plain("stop", wordOf(error), wordsOf(error), factOf(error));
  }
}

const nextStep = (cursor: Cursor | null): string =>
  cursor === null ? "Press Connect to go on." : `Press Connect to go on after ${cursor.seq}.`;

function fromWhere(verb: string, cursor: Cursor | null): string {
  if (cursor === null) return "";
  return cursor.seq === 0 ? "From the oldest retained event." : `${verb} after ${cursor.seq}.`;
}

export function retryWords(situation: Situation, nowMs: number): string {
  if (situation.kind !== "asked" || situation.state.kind !== "waiting" || asksWhere(situation)) return "";
  const seconds = Math.max(0, Math.ceil((situation.state.retryAtMs - nowMs) / 1000));
  return seconds === 0 ? "Retrying now" : `Retrying in ${seconds} s`;
}

/** What a pause has kept back, on the button that ends it. */
export function heldWords(held: number, dropped: number): string {
  const lost = dropped === 0 ? "" : `, ${dropped.toLocaleString("en-US")} dropped`;
  return `Resume (${held.toLocaleString("en-US")} new${lost})`;
}
