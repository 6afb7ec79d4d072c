/** EFFECTS: the figures below the state, and the lines of the last minute. */
import { copyOnClick } from "../page/clipboard.ts";
import { byId, byIdSvg, setText } from "../page/elements.ts";
import { lagView, rateView, sparkPath, type Second, type SparkView } from "./pulse.ts";
import type { Cursor } from "../connection/situation.ts";

const WIDTH = 120;
const HEIGHT = 24;

export class Figures {
  readonly #figures = byId("figures", HTMLElement);
  readonly #cursor = byId("cursor", HTMLElement);
  readonly #copyCursor = byId("copy-cursor", HTMLButtonElement);
  readonly #received = byId("received", HTMLElement);

  constructor() {
    copyOnClick(this.#copyCursor, () => this.#cursor.textContent);
  }

  render(cursor: Cursor | null, received: number): void {
    setText(this.#cursor, cursor === null ? "–" : String(cursor.seq));
    this.#cursor.title = cursor?.epoch === undefined ? "" : `Epoch ${cursor.epoch}`;
    this.#copyCursor.hidden = cursor === null;
    setText(this.#received, received.toLocaleString("en-US"));
  }

  renderLines(series: readonly Second[]): void {
    renderLine("rate", rateView(series));
    renderLine("lag", lagView(series));
  }

  set hidden(hidden: boolean) {
    this.#figures.hidden = hidden;
  }
}

function renderLine(name: string, { value, text, points }: SparkView): void {
  setText(byId(name, HTMLElement), value);
  byIdSvg(`${name}-line`).ariaLabel = text;
  byIdSvg(`${name}-path`).setAttribute("d", sparkPath(points, WIDTH, HEIGHT));
}
