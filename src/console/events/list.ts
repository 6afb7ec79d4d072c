/** EFFECTS: the rows in sight, newest first. Elements exist for those alone, and are used again; one tab stop for all of them. */
import type { Entry } from "./entry.ts";
import { byId, within } from "../page/elements.ts";
import { dayOf } from "../page/clock.ts";
import { rowView } from "./row.ts";
import { rowsInSight, scrollFor, type Sight } from "./window.ts";

interface Row {
  entry: Entry;
  readonly item: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly cells: Readonly<Record<(typeof CELLS)[number], HTMLElement>>;
}

export interface ListHost {
  onOpen(entry: Entry): void;
  /** Scrolled by whatever means. */
  onScroll(): void;
}

const CELLS = ["seq", "time", "head", "tail", "source", "subject"] as const;
const PAGE_ROWS = 10;
/** Less is a trembling finger. */
const SCROLLED_PX = 8;

export class EventList {
  readonly #scroll = byId("scroll", HTMLElement);
  readonly #heads = byId("heads", HTMLElement);
  readonly #list = byId("rows", HTMLOListElement);
  readonly #template = byId("row", HTMLTemplateElement);
  readonly #host: ListHost;
  readonly #rows = new Map<number, Row>();
  readonly #spare: Row[] = [];
  /** Oldest first. */
  #entries: readonly Entry[] = [];
  #height = 0;
  #rowHeight = 0;
  #currentKey: number | null = null;
  #selectedKey: number | null = null;
  #isPressed = false;

  constructor(host: ListHost) {
    this.#host = host;
    this.#list.addEventListener("click", ({ target }) => {
      const row = this.#rowOf(target);
      if (row === null) return;
      this.#currentKey = row.entry.key;
      host.onOpen(row.entry);
    });
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
    this.#list.addEventListener("pointerdown", ({ button }) => (this.#isPressed = button === 0));
    for (const type of ["pointerup", "pointercancel"] as const)
      document.addEventListener(type, () => (this.#isPressed = false));
    this.#scroll.addEventListener("scroll", () => host.onScroll(), { passive: true });
    // The height of a row is the stylesheet's: it depends on the width of the list.
    new ResizeObserver(() => {
      this.#height = this.#scroll.clientHeight - this.#heads.offsetHeight;
      this.#rowHeight = Number.parseFloat(getComputedStyle(this.#list).getPropertyValue("--row-height")) || 34;
      this.render(this.#entries);
    }).observe(this.#scroll);
  }

  get isAtTop(): boolean {
    return this.#scroll.scrollTop <= SCROLLED_PX;
  }

  toTop(): void {
    this.#scroll.scrollTop = 0;
  }

  render(entries: readonly Entry[]): void {
    // A row that moves away between press and release is not clicked.
    if (this.#isPressed) return;
    this.#entries = entries;
    const { from, to } = rowsInSight(this.#sight, entries.length);
    const wanted = Array.from({ length: to - from }, (_, index) => from + index);
    // What has the focus stays, in sight or not: taking it away would throw the reader to the top of the page.
    const focused = this.#rowOf(document.activeElement);
    const focusedAt = focused === null ? -1 : this.#indexOf(focused.entry.key);
    if (focusedAt >= 0 && focusedAt < from) wanted.unshift(focusedAt);
    if (focusedAt >= to) wanted.push(focusedAt);
    const keys = new Set(wanted.map((index) => this.#at(index)?.key));
    if (focused !== null && focusedAt < 0) this.#list.focus({ preventScroll: true });
    for (const [key, row] of this.#rows) if (!keys.has(key)) this.#putAway(key, row);
    this.#list.style.height = `${entries.length * this.#rowHeight}px`;
    this.#place(wanted);
    const isStop = this.#currentKey !== null && this.#rows.has(this.#currentKey);
    const stopKey = isStop ? this.#currentKey : this.#at(from)?.key;
    for (const [key, { button }] of this.#rows) button.tabIndex = key === stopKey ? 0 : -1;
  }

  select(key: number | null): void {
    this.#selectedKey = key;
    for (const row of this.#rows.values()) this.#mark(row);
  }

  /** Back to the row whose event was shown, or to the newest when that has left the list. */
  focus(key: number | null): void {
    const index = key === null ? -1 : this.#indexOf(key);
    if (this.#goTo(Math.max(0, index)) === undefined) this.#list.focus({ preventScroll: true });
  }

  get #sight(): Sight {
    return { scrollTop: this.#scroll.scrollTop, height: this.#height, rowHeight: this.#rowHeight || 34 };
  }

  #at(index: number): Entry | undefined {
    return this.#entries[this.#entries.length - 1 - index];
  }

  /** Keys ascend, so a search by halves finds the entry among thousands. */
  #indexOf(key: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.key ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return this.#entries[low]?.key === key ? this.#entries.length - 1 - low : -1;
  }

  /** In the order of the list, for whoever reads the page without seeing it. */
  #place(indexes: readonly number[]): void {
    const today = dayOf(new Date());
    let next = this.#list.firstElementChild;
    for (const index of indexes) {
      const entry = this.#at(index);
      if (entry === undefined) continue;
      let row = this.#rows.get(entry.key);
      if (row === undefined) {
        row = this.#spare.pop() ?? this.#build(entry);
        this.#fill(row, entry, today);
        this.#rows.set(entry.key, row);
        this.#list.insertBefore(row.item, next);
      } else next = row.item.nextElementSibling;
      row.item.style.top = `${index * this.#rowHeight}px`;
      row.item.ariaPosInSet = String(index + 1);
      row.item.ariaSetSize = String(this.#entries.length);
    }
  }

  #build(entry: Entry): Row {
    const item = within(this.#template.content, "li", HTMLLIElement).cloneNode(true) as HTMLLIElement;
    // `fromEntries` forgets the names; the cast below gives them back.
    const cells = Object.fromEntries(CELLS.map((name) => [name, within(item, `.${name}`, HTMLElement)]));
    return { entry, item, button: within(item, "button", HTMLButtonElement), cells: cells as Row["cells"] };
  }

  #fill(row: Row, entry: Entry, today: string): void {
    const view = rowView(entry, today);
    const texts = { ...view, head: view.typeHead, tail: view.typeTail };
    row.entry = entry;
    row.button.dataset["key"] = String(entry.key);
    for (const name of CELLS) row.cells[name].textContent = texts[name];
    row.cells.time.title = view.timeTitle;
    this.#mark(row);
  }

  #putAway(key: number, row: Row): void {
    this.#rows.delete(key);
    row.item.remove();
    this.#spare.push(row);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const row = this.#rowOf(event.target);
    const at = row === null ? -1 : this.#indexOf(row.entry.key);
    const last = this.#entries.length - 1;
    const targets: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + PAGE_ROWS,
      PageUp: at - PAGE_ROWS,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const entry = this.#goTo(Math.min(last, Math.max(0, target)));
    if (entry !== undefined && this.#selectedKey !== null) this.#host.onOpen(entry);
  }

  #goTo(index: number): Entry | undefined {
    const entry = this.#at(index);
    if (entry === undefined) return undefined;
    this.#currentKey = entry.key;
    this.#scroll.scrollTop = scrollFor(index, this.#sight);
    this.render(this.#entries);
    this.#rows.get(entry.key)?.button.focus({ preventScroll: true });
    return entry;
  }

  #mark(row: Row): void {
    row.button.ariaCurrent = row.entry.key === this.#selectedKey ? "true" : "false";
  }

  #rowOf(target: EventTarget | null): Row | null {
    const button = target instanceof Element && this.#list.contains(target) ? target.closest("button") : null;
    return this.#rows.get(Number(button?.dataset["key"] ?? Number.NaN)) ?? null;
  }
}
