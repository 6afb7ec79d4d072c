/** Door: keeps the rows of the page equal to the entries of the log, newest first, one tab stop for all of them. */
import type { Entry } from "./log.ts";
import { byId, within } from "./page.ts";
import { type RowView, dayOf, matches, rowView } from "./view.ts";

interface Row {
  readonly entry: Entry;
  readonly item: HTMLElement;
  readonly button: HTMLButtonElement;
}

const PAGE_ROWS = 10;

export class EventList {
  readonly #list = byId("rows", HTMLOListElement);
  readonly #template = byId("row", HTMLTemplateElement);
  /** By entry key, oldest first: keys ascend, so the order of insertion is the order of arrival. */
  readonly #rows = new Map<number, Row>();
  readonly #onOpen: (entry: Entry) => void;
  #filter = "";
  #newestKey = -1;
  #current: Row | null = null;
  #selectedKey: number | null = null;

  constructor(onOpen: (entry: Entry) => void) {
    this.#onOpen = onOpen;
    this.#list.addEventListener("click", (event) => {
      const row = this.#rowOf(event.target);
      if (row === null) return;
      this.#makeCurrent(row);
      this.#onOpen(row.entry);
    });
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get size(): number {
    return this.#rows.size;
  }

  render(entries: readonly Entry[], filter: string): void {
    if (filter !== this.#filter) {
      this.#filter = filter;
      this.#dropBelow(Number.POSITIVE_INFINITY);
      this.#newestKey = -1;
    }
    this.#dropBelow(entries[0]?.key ?? Number.POSITIVE_INFINITY);
    this.#addAbove(this.#newestKey, entries);
    this.#newestKey = entries.at(-1)?.key ?? this.#newestKey;
    const inUse = this.#selectedKey !== null || this.#list.contains(document.activeElement);
    if (this.#current === null || !inUse) this.#makeCurrent(this.#newest());
  }

  select(key: number | null): void {
    this.#mark(this.#selectedKey, "false");
    this.#selectedKey = key;
    this.#mark(key, "true");
  }

  /** Back to the row whose event was shown, or to the newest when it has left the list. */
  focus(key: number | null): void {
    const row = (key === null ? undefined : this.#rows.get(key)) ?? this.#newest();
    this.#makeCurrent(row);
    row?.button.focus();
  }

  #addAbove(key: number, entries: readonly Entry[]): void {
    const today = dayOf(new Date());
    const fragment = document.createDocumentFragment();
    for (const entry of entries) {
      if (entry.key <= key || !matches(entry, this.#filter)) continue;
      const row = this.#build(entry, rowView(entry, today));
      this.#rows.set(entry.key, row);
      fragment.prepend(row.item);
      if (entry.key === this.#selectedKey) this.#mark(entry.key, "true");
    }
    if (fragment.hasChildNodes()) this.#list.prepend(fragment);
  }

  #dropBelow(key: number): void {
    for (const [rowKey, row] of this.#rows) {
      if (rowKey >= key) return;
      const hadFocus = row.button === document.activeElement;
      this.#rows.delete(rowKey);
      row.item.remove();
      if (row === this.#current) this.#makeCurrent(null);
      // The list itself, not the next row: that one is the next to go, far down where the page would scroll to.
      if (hadFocus) this.#list.focus({ preventScroll: true });
    }
  }

  #build(entry: Entry, view: RowView): Row {
    const item = within(this.#template.content, "li", HTMLLIElement).cloneNode(true) as HTMLLIElement;
    const button = within(item, "button", HTMLButtonElement);
    button.dataset["key"] = String(view.key);
    const texts = {
      ".seq": view.seq,
      ".time": view.time,
      ".head": view.typeHead,
      ".tail": view.typeTail,
      ".source": view.source,
      ".subject": view.subject,
    };
    for (const [selector, text] of Object.entries(texts)) within(item, selector, HTMLElement).textContent = text;
    if (view.timeTitle !== "") within(item, ".time", HTMLElement).title = view.timeTitle;
    return { entry, item, button };
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const rows = [...this.#rows.values()].reverse();
    const row = this.#rowOf(event.target);
    const at = row === null ? -1 : rows.indexOf(row);
    const targets: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + PAGE_ROWS,
      PageUp: at - PAGE_ROWS,
      Home: 0,
      End: rows.length - 1,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const next = rows[Math.min(rows.length - 1, Math.max(0, target))];
    if (next === undefined) return;
    this.#makeCurrent(next);
    next.button.focus();
    if (this.#selectedKey !== null) this.#onOpen(next.entry);
  }

  #makeCurrent(row: Row | null): void {
    if (this.#current !== null) this.#current.button.tabIndex = -1;
    this.#current = row;
    if (row !== null) row.button.tabIndex = 0;
  }

  #newest(): Row | null {
    const button = this.#list.firstElementChild?.querySelector("button");
    return this.#rowOf(button ?? null);
  }

  #mark(key: number | null, value: "true" | "false"): void {
    if (key !== null) this.#rows.get(key)?.button.setAttribute("aria-current", value);
  }

  #rowOf(target: EventTarget | null): Row | null {
    const button = target instanceof Element ? target.closest("button") : null;
    return this.#rows.get(Number(button?.dataset["key"] ?? Number.NaN)) ?? null;
  }
}
