/** What happened to one client, for whoever must find out why. */
export type ViolationKind = "lost" | "repeated" | "order" | "other";

export interface Violation {
  readonly kind: ViolationKind;
  readonly text: string;
}

const MAX_LINES = 80;
const MAX_SHOWN = 10;
/** One mistake may repeat a thousand events: what led to it must not be pushed out of the story. */
const MAX_TOLD = 5;

export class Story {
  readonly violations: Violation[] = [];
  /** How often its cursor was lost, and why. */
  readonly losses: string[] = [];
  readonly #startedAtMs: number;
  readonly #lines: string[] = [];

  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  tell(text: string, atMs = Date.now()): void {
    this.#lines.push(`${String(atMs - this.#startedAtMs).padStart(7)} ${text}`);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }

  violate(kind: ViolationKind, text: string): void {
    this.violations.push({ kind, text });
    if (this.violations.length <= MAX_TOLD) this.tell(`VIOLATION ${kind}: ${text}`);
  }

  toString(): string {
    const shown = this.violations.slice(0, MAX_SHOWN).map(({ kind, text }) => `  ${kind}: ${text}`);
    const more = this.violations.length - shown.length;
    return [...shown, ...(more > 0 ? [`  and ${more} more`] : []), ...this.#lines.map((line) => `  ${line}`)].join(
      "\n",
    );
  }
}
