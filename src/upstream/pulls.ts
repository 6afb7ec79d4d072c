/** The pulls of one consumer that are under way, oldest first: the order in which a broker serves and ends them. */
export class Pulls {
  readonly #list: { left: number; readonly overAtMs: number }[] = [];

  /** Messages they may still bring. */
  get outstanding(): number {
    let sum = 0;
    for (const { left } of this.#list) sum += left;
    return sum;
  }

  /** When the oldest is to be taken for over; null when nothing is under way. */
  get overAtMs(): number | null {
    return this.#list[0]?.overAtMs ?? null;
  }

  add(batch: number, overAtMs: number): void {
    this.#list.push({ left: batch, overAtMs });
  }

  /** A message came. Returns whether it used up the oldest. */
  took(): boolean {
    const oldest = this.#list[0];
    if (oldest === undefined || --oldest.left > 0) return false;
    this.#list.shift();
    return true;
  }

  /** The broker has ended the oldest. */
  end(): void {
    this.#list.shift();
  }

  /** Writes off those whose time is over. */
  expire(nowMs: number): void {
    while ((this.overAtMs ?? Infinity) <= nowMs) this.#list.shift();
  }

  clear(): void {
    this.#list.length = 0;
  }
}
