/** EFFECTS: the states that the connection went through, on demand. */
import { momentViews, type Moment, type MomentView } from "./history.ts";
import { byId, setText, within } from "../page/elements.ts";

export class Timeline {
  readonly #details = byId("timeline", HTMLDetailsElement);
  readonly #list = byId("moments", HTMLOListElement);
  readonly #template = byId("moment", HTMLTemplateElement);
  #shown: readonly Moment[] = [];

  constructor(render: () => void) {
    this.#details.addEventListener("toggle", render);
  }

  /** The list is made anew when a state was added; else only the newest gets older. */
  render(moments: readonly Moment[], nowMs: number): void {
    this.#details.hidden = moments.length === 0;
    setText(byId("moments-count", HTMLElement), String(moments.length));
    if (!this.#details.open) return;
    const views = momentViews(moments, nowMs);
    if (moments !== this.#shown) this.#list.replaceChildren(...views.map((view) => this.#build(view)));
    else if (views[0] !== undefined && this.#list.firstElementChild !== null)
      setText(within(this.#list, ".lasted", HTMLElement), views[0].duration);
    this.#shown = moments;
  }

  #build(view: MomentView): HTMLElement {
    const item = within(this.#template.content, "li", HTMLLIElement).cloneNode(true) as HTMLLIElement;
    const at = within(item, "time", HTMLTimeElement);
    at.dateTime = view.iso;
    at.textContent = view.clock;
    const chip = within(item, ".chip", HTMLElement);
    chip.dataset["tone"] = view.tone;
    chip.textContent = view.word;
    within(item, ".lasted", HTMLElement).textContent = view.duration;
    within(item, ".why", HTMLElement).textContent = view.text;
    within(item, ".fact", HTMLElement).textContent = view.fact;
    return item;
  }
}
