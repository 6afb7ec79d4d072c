/** Where the page stands: what it asked for, what its stream says, and how far it came. */
import type { StreamState } from "../../client/state.ts";
import type { Cursor } from "../../client/storage.ts";
import type { RelayError } from "../../client/wire/error.ts";
import { CLOSE } from "../../protocol/codes.ts";

export type { Cursor };

export type Situation =
  /** `kept` is what a page before this one in the tab had come to. */
  | { readonly kind: "idle"; readonly kept: Cursor | null }
  | {
      readonly kind: "asked";
      /** Empty: the relay's default subject. */
      readonly subject: string;
      readonly state: StreamState;
      readonly cursor: Cursor | null;
      /** Where the present connection started; null: from now on. */
      readonly resumedFrom: Cursor | null;
      /** Closed because the person asked for it. */
      readonly isLeft: boolean;
    };

/** The error the stream is waiting or closed for. */
export function errorOf(situation: Situation): RelayError | null {
  return situation.kind === "asked" && "error" in situation.state ? situation.state.error : null;
}

/** The cursor is gone, and a person must say where to go on. */
export const asksWhere = (situation: Situation): boolean =>
  situation.kind === "asked" &&
  situation.state.kind === "waiting" &&
  errorOf(situation)?.code === CLOSE.retentionExhausted.code;

/** Only another token helps. */
export function asksToken(situation: Situation): boolean {
  const error = errorOf(situation);
  return (
    situation.kind === "asked" &&
    situation.state.kind === "closed" &&
    (error?.status === 401 || error?.code === CLOSE.tokenExpired.code)
  );
}

/** The form is for who is not connected. */
export const wantsForm = (situation: Situation): boolean =>
  situation.kind === "idle" || situation.state.kind === "closed";

/** What was asked for earlier: on this page, or before it was reloaded. */
export interface Kept {
  readonly subject: string;
  readonly cursor: Cursor | null;
  /** The person had not disconnected. */
  readonly isOpen: boolean;
}

export interface Plan {
  readonly subject: string;
  readonly since: Cursor | null;
  /** It goes on where the page stopped, so what the page shows stays. */
  readonly goesOn: boolean;
}

/** What Connect means. The epoch is known only of a cursor that the relay gave. */
export function planOf(subject: string, since: string, kept: Omit<Kept, "isOpen"> | null): Plan {
  if (since === "") return { subject, since: null, goesOn: false };
  const seq = Number(since);
  if (kept?.cursor && kept.subject === subject && kept.cursor.seq === seq) {
    return { subject, since: kept.cursor, goesOn: true };
  }
  return { subject, since: { seq }, goesOn: false };
}
