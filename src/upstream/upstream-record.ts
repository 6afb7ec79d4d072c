/** What is told of an upstream besides its state (O4). Pure. */
import type { Cause } from "./causes.ts";
import type { Upstream } from "./feed-machine.ts";

export class UpstreamRecord {
  #kind: Upstream["kind"] = "idle";
  /** By the wall clock. */
  #sinceMs: number;
  #wasOpen = false;
  #reconnects = 0;
  #lastError: Cause | null = null;

  constructor(wallMs: number) {
    this.#sinceMs = wallMs;
  }

  get kind(): Upstream["kind"] {
    return this.#kind;
  }

  /** When the state began, as Unix time. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** It was open since somebody began to need it. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  get lastError(): Cause | null {
    return this.#lastError;
  }

  entered(kind: Upstream["kind"], wallMs: number): void {
    if (kind === this.#kind) return;
    // Only a room that wakes begins by waiting: its upstream was open before it slept.
    if (this.#kind === "idle" && kind === "waiting") this.#wasOpen = true;
    this.#kind = kind;
    this.#sinceMs = wallMs;
    if (kind === "idle") this.#wasOpen = false;
    if (kind !== "open") return;
    if (this.#wasOpen) this.#reconnects++;
    this.#wasOpen = true;
  }

  failed(cause: Cause): void {
    this.#lastError = cause;
  }
}
