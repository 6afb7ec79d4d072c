/** One probe of the broker for all who ask within a few seconds, those that come while it runs included (H9). Pure. */
import type { Diagnosis } from "../upstream/causes.ts";

/** The last word on the broker, and how much longer it may be repeated. */
export interface BrokerReport {
  /** Null when the broker serves. */
  readonly trouble: Diagnosis | null;
  readonly freshForMs: number;
}

export const FRESH_MS = 5_000;

export class ProbeSharing {
  readonly #nowMs: () => number;
  readonly #probe: () => Promise<Diagnosis | null>;
  #running: Promise<Diagnosis | null> | null = null;
  #last: { readonly trouble: Diagnosis | null; readonly atMs: number } | null = null;

  constructor(nowMs: () => number, probe: () => Promise<Diagnosis | null>) {
    this.#nowMs = nowMs;
    this.#probe = probe;
  }

  async report(): Promise<BrokerReport> {
    const ageMs = this.#nowMs() - (this.#last?.atMs ?? -Infinity);
    if (this.#last !== null && ageMs < FRESH_MS) return { trouble: this.#last.trouble, freshForMs: FRESH_MS - ageMs };
    const trouble = await (this.#running ??= this.#run());
    return { trouble, freshForMs: FRESH_MS };
  }

  async #run(): Promise<Diagnosis | null> {
    try {
      const trouble = await this.#probe();
      this.#last = { trouble, atMs: this.#nowMs() };
      return trouble;
    } finally {
      this.#running = null;
    }
  }
}
