/**
 * EFFECTS: the Durable Object of one credential: which subjects it has open, and in which rooms (B4). It lives in memory
 * only; what it forgets, the rooms tell it again with their heartbeats, so the limit is approximate for that long.
 */
import { DurableObject } from "cloudflare:workers";
import { systemRuntime } from "../shared/system-runtime.ts";
import { OpenSubjects } from "./open-subjects.ts";

export class Ledger extends DurableObject<Env> {
  readonly #open = new OpenSubjects();

  /** Whether this credential may have `subject` open besides the others it has. Counts it when it may. */
  open(subject: string, maxSubjects: number): boolean {
    return this.#open.tryOpen(subject, maxSubjects, systemRuntime.nowMs());
  }

  /** A room says that clients of this credential have come, or are still there. */
  renew(subject: string, room: string): void {
    this.#open.renew(subject, room, systemRuntime.nowMs());
  }

  /** A room says that nobody is there any more. */
  close(subject: string, room: string): void {
    this.#open.close(subject, room);
  }
}
