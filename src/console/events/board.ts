/** EFFECTS: the list, its tools and the drawer: what is kept, what of it is shown, and whether it moves. */
import type { StreamItem } from "../../client/index.ts";
import { Detail } from "./detail.ts";
import { emptyView } from "./empty.ts";
import type { Entry } from "./entry.ts";
import { fileName, ndjsonOf } from "./export.ts";
import { isEmpty, Shown, type Filter } from "./filter.ts";
import { EventList } from "./list.ts";
import { EventLog } from "./log.ts";
import { byId, setText } from "../page/elements.ts";
import type { Situation } from "../connection/situation.ts";
import { download, Tools } from "./tools.ts";

export interface BoardHost {
  renderSoon(): void;
  /** From now on, what comes is not shown. */
  onHold(): void;
  onResumeFrom(entry: Entry): void;
}

/** Where the drawer covers the list, and so takes the focus with it; board.css has the same width. */
const NARROW = matchMedia("(max-width: 820px)");

export class Board {
  readonly #board = byId("board", HTMLElement);
  readonly #stream = byId("stream", HTMLElement);
  readonly #empty = byId("empty", HTMLElement);
  readonly #host: BoardHost;
  readonly #log = new EventLog();
  readonly #shown = new Shown();
  readonly #list: EventList;
  readonly #detail: Detail;
  readonly #tools: Tools;
  /** Rows that move away from under the reader's eyes cannot be read: scrolling back pauses too, until the top is reached. */
  #hold: "none" | "scrolled" | "asked" = "none";
  #subject = "";

  constructor(host: BoardHost) {
    this.#host = host;
    this.#list = new EventList({ onOpen: (entry) => this.#open(entry), onScroll: () => this.#onScroll() });
    this.#detail = new Detail({ onClose: () => this.#close(), onResumeFrom: (entry) => host.onResumeFrom(entry) });
    this.#tools = new Tools({
      onFilter: () => host.renderSoon(),
      onPause: () => this.#togglePause(),
      onClear: () => this.clear(),
      onExport: () => this.#export(),
    });
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && this.#detail.entry !== null) this.#close();
    });
    NARROW.addEventListener("change", () => {
      this.#stream.inert = NARROW.matches && this.#detail.entry !== null;
    });
  }

  /** Something that came is not to be seen yet. */
  get isHeld(): boolean {
    return this.#log.isHeld;
  }

  append({ seq, event }: StreamItem<unknown>): Entry {
    return this.#log.append(seq, event);
  }

  clear(): void {
    this.#log.clear();
    if (this.#detail.entry !== null) this.#close();
    this.#host.renderSoon();
  }

  /** What comes now has nothing to do with what was here. */
  restart(): void {
    this.#move();
    this.clear();
  }

  /** Whatever came after this entry will come again. */
  cutAfter(entry: Entry): void {
    this.#move();
    this.#log.cutAfter(entry.key);
  }

  render(situation: Situation, received: number): void {
    const { filter } = this.#tools;
    const all = this.#log.entries;
    this.#subject = situation.kind === "idle" ? "" : situation.subject;
    this.#shown.update(all, filter);
    const { entries } = this.#shown;
    this.#list.render(entries);
    // A list that got shorter is at its top without anybody having scrolled.
    if (this.#hold === "scrolled" && this.#list.isAtTop) this.#onScroll();
    this.#tools.render({
      isHeld: this.#log.isHeld,
      held: this.#log.heldCount,
      dropped: this.#log.droppedCount,
      shown: this.#shownWords(filter, received),
      canExport: entries.length > 0,
    });
    const counts = { received, rows: entries.length, entries: all.length, held: this.#log.heldCount };
    const empty = emptyView(situation, counts, filter);
    byId("tools", HTMLElement).hidden = situation.kind === "idle";
    this.#empty.hidden = empty === null;
    if (empty === null) return;
    setText(byId("empty-title", HTMLElement), empty.title);
    setText(byId("empty-text", HTMLElement), empty.text);
    setText(byId("empty-command", HTMLElement), empty.command);
    byId("empty-command", HTMLElement).hidden = empty.command === "";
  }

  #shownWords(filter: Filter, received: number): string {
    const all = this.#log.entries.length;
    const words = (count: number): string => count.toLocaleString("en-US");
    if (!isEmpty(filter)) return `${words(this.#shown.entries.length)} of ${words(all)}`;
    if (this.#hold === "scrolled") return "Stands still while you read; scroll up to go on";
    return all > 0 && all + this.#log.heldCount < received ? `Newest ${words(all)} of ${words(received)}` : "";
  }

  #onScroll(): void {
    if (this.#hold === "none" && !this.#list.isAtTop) this.#stand("scrolled");
    else if (this.#hold === "scrolled" && this.#list.isAtTop) this.#move();
    this.#host.renderSoon();
  }

  #togglePause(): void {
    if (this.#hold === "none") this.#stand("asked");
    else this.#move();
    this.#host.renderSoon();
  }

  #stand(why: "scrolled" | "asked"): void {
    this.#hold = why;
    this.#log.hold();
    this.#host.onHold();
  }

  #move(): void {
    this.#hold = "none";
    this.#log.release();
    this.#list.toTop();
  }

  #export(): void {
    const { entries } = this.#shown;
    if (entries.length > 0) download(fileName(this.#subject, new Date()), ndjsonOf(entries));
  }

  #open(entry: Entry): void {
    this.#detail.show(entry);
    this.#list.select(entry.key);
    this.#board.dataset["detail"] = "open";
    this.#stream.inert = NARROW.matches;
    if (NARROW.matches) this.#detail.focus();
  }

  #close(): void {
    const key = this.#detail.entry?.key ?? null;
    const { hasFocus } = this.#detail;
    this.#stream.inert = false;
    this.#detail.hide();
    this.#list.select(null);
    delete this.#board.dataset["detail"];
    if (hasFocus) this.#list.focus(key);
  }
}
