/**
 * What is worth a line when the same happens again and again (O3): the first few times at once, then once a minute, with
 * the number of those left out. A reason that was not given for a minute is printed at once, unless there are many
 * of them. Pure.
 */
const FIRST = 3;
const EVERY_MS = 60_000;
/** Some reasons name what has a new name each time. */
const MAX_REASONS = 5;
/** Beyond this many, what began first is forgotten: its next line is a first one again. */
const MAX_STORIES = 1_000;

/** What is known of one event of one subject. */
interface Story {
  /** Lines printed since it last was quiet. */
  printed: number;
  leftOut: number;
  lastAtMs: number;
  /** Reasons given within the last minute, and when a line was printed with them. */
  readonly reasons: Map<string, number>;
}

export class LogLimiter {
  readonly #stories = new Map<string, Story>();

  /** How many were left out since the last line of this story; null when this one is left out, too. `isDue`: it may not be. */
  admit(name: string, reason: string, nowMs: number, isDue = false): number | null {
    const story = this.#story(name, nowMs);
    story.lastAtMs = nowMs;
    for (const [given, atMs] of story.reasons) if (nowMs - atMs >= EVERY_MS) story.reasons.delete(given);
    const isNews = isDue || (!story.reasons.has(reason) && story.reasons.size < MAX_REASONS);
    if (!isNews && story.printed >= FIRST) {
      story.leftOut += 1;
      return null;
    }
    const { leftOut } = story;
    story.printed += 1;
    story.leftOut = 0;
    story.reasons.set(reason, nowMs);
    return leftOut;
  }

  #story(name: string, nowMs: number): Story {
    const known = this.#stories.get(name);
    if (known !== undefined) {
      if (nowMs - known.lastAtMs >= EVERY_MS) known.printed = 0;
      return known;
    }
    const [oldest] = this.#stories.keys();
    if (oldest !== undefined && this.#stories.size >= MAX_STORIES) this.#stories.delete(oldest);
    const story = { printed: 0, leftOut: 0, lastAtMs: nowMs, reasons: new Map<string, number>() };
    this.#stories.set(name, story);
    return story;
  }
}
