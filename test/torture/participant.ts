/** What every kind of client is to the scenario: it can be hurt, watched, and compared with the stream. */
import type { Leaving } from "./fault-plan.ts";
import type { History } from "./model.ts";
import type { Story } from "./story.ts";
import type { Start } from "./whereabouts.ts";

export interface Participant {
  readonly plan: { readonly id: number; readonly filter: string; readonly start: Start };
  /** Its kind, for a reader of the report. */
  readonly label: string;
  readonly story: Story;
  readonly ledger: { readonly events: number; histories(): History[] };
  readonly reconnects: number;
  /** The cursor, or 0 as long as there is none. */
  readonly reached: number;
  /** True when everything up to `lastSeq` is proven to have been sent. */
  hasReached(lastSeq: number): boolean;
  /** Lives until `stop` or the signal. Never throws. */
  live(signal: AbortSignal): Promise<void>;
  stop(): void;
  drop(how: Leaving, awayMs: number): void;
  wedge(): void;
  unwedge(): void;
  /** To be called now and then. */
  watch(): void;
}
