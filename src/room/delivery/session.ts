/**
 * One browser socket as the room remembers it, and what of that survives hibernation.
 *
 *            ┌───────────────── cursor = R ─────────────────┐
 *   join ──▶ lagging ─────────────────────────────────────▶ live
 *             ▲  above R: waits for the room                 │
 *             │  below R: window, else a replay              │
 *             └───────────── too much unread (B1) ◀──────────┘
 *
 * A live session has no cursor of its own: it is the room's (V10).
 */
import type { CredentialMark } from "../../grant/grant.ts";
import type { Form } from "../../protocol/form.ts";
import type { Protocol } from "../../protocol/subprotocol.ts";
import { V1, V2 } from "../../protocol/subprotocol.ts";
import { keptFlow, type Flow, type KeptFlow } from "./flow-control.ts";
import type { Inbound } from "./inbound.ts";
import type { Charge } from "../isolate/unread-sums.ts";

/** What the room needs of a WebSocket; the tests of the algebra bring their own. */
export interface Socket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

export type Phase =
  | { readonly kind: "live" }
  | {
      readonly kind: "lagging";
      /** What the client believes: set by the frames it was sent, and by nothing else. */
      cursor: number;
      /** Everything that matches up to here has been sent to it. At least `cursor`. */
      readTo: number;
    };

/** Where a client stands with its room, as others are told (O4): each has exactly one. */
export type Standing = "live" | "replaying" | "paused";

export const LIVE: Phase = { kind: "live" };

export interface Session {
  readonly socket: Socket;
  readonly protocol: Protocol;
  /** In which it reads events, of that protocol. */
  readonly form: Form;
  /** This and the next two change when the client brings another token (V8). */
  expiresAtMs: number | null;
  grantId: string;
  /** By what it can be told to end (A10); null where an older version admitted it. */
  mark: CredentialMark | null;
  /** When the grant's ledger was last told of this room, by the wall clock (B4); null where that costs no book-keeping. */
  lease: { readonly renewedAtMs: number | null } | null;
  /** A token is being checked that may put off its expiry (V8). */
  isRenewing: boolean;
  phase: Phase;
  /** A `caught-up` is still to come (V5). */
  owesCaughtUp: boolean;
  /** Joined with `since=0` and no epoch: from the oldest retained, so a removed start is no lost cursor (W4). */
  fromOldest: boolean;
  lastFrameAtMs: number;
  readonly flow: Flow;
  /** Where its unproven bytes are added up, while it is in a room. */
  charge: Charge | null;
  readonly inbound: Inbound;
}

/** Up to where a client was sent every match, in a room that is at `cursor` and has read to `position`. */
export function sentTo({ phase }: Session, cursor: number, position: number): number {
  if (phase.kind === "live") return position;
  return phase.readTo >= cursor ? Math.max(position, phase.cursor) : phase.readTo;
}

/** What lies in a socket's attachment (at most 16 KiB, WS-16). A live session's cursor is the room's. */
export interface Attachment {
  readonly v: 1;
  readonly protocol: Protocol;
  readonly expiresAtMs: number | null;
  readonly grantId: string;
  /** Of a lagging session; the name is that of an older version, whose attachments may still be there. */
  readonly own: { readonly cursor: number; readonly readTo: number } | null;
  readonly owesCaughtUp: boolean;
  readonly fromOldest: boolean;
  /** Absent when an older version wrote it. */
  readonly flow?: KeptFlow;
  /** As `lease`; absent when an older version wrote it. */
  readonly lease?: Session["lease"];
  /** Absent when an older version wrote it. */
  readonly mark?: CredentialMark | null;
  /** Whether items say where they came from; absent when an older version wrote it. */
  readonly meta?: boolean;
}

export function toAttachment(session: Session): Attachment {
  const phase = session.phase;
  return {
    v: 1,
    protocol: session.protocol,
    expiresAtMs: session.expiresAtMs,
    grantId: session.grantId,
    own: phase.kind === "lagging" ? { cursor: phase.cursor, readTo: phase.readTo } : null,
    owesCaughtUp: session.owesCaughtUp,
    fromOldest: session.fromOldest,
    flow: keptFlow(session.flow),
    lease: session.lease && { renewedAtMs: session.lease.renewedAtMs },
    mark: session.mark,
    meta: session.form.meta,
  };
}

/** Reads an attachment back; null when it is not one of ours (a room of an older version wrote it). */
export function fromAttachment(value: unknown): Attachment | null {
  const a = value as Partial<Attachment> | null | undefined;
  if (a?.v !== 1 || (a.protocol !== V1 && a.protocol !== V2)) return null;
  // Version 1 is written by toAttachment alone.
  return a as Attachment;
}
