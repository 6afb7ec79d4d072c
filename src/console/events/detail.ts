/** EFFECTS: the drawer that shows one event, digit for digit as it came. */
import { copyOnClick } from "../page/clipboard.ts";
import type { Entry } from "./entry.ts";
import { byId, setText } from "../page/elements.ts";
import { prettyText, prettyTokens, type Token } from "./pretty.ts";

/** Laying out a paragraph of joined letters, or of two directions, takes time with its square: a long text becomes several. */
const PIECE_CHARS = 1_000;

export interface DetailHost {
  onClose(): void;
  onResumeFrom(entry: Entry): void;
}

export class Detail {
  readonly #panel = byId("detail", HTMLElement);
  readonly #title = byId("detail-title", HTMLElement);
  readonly #json = byId("json", HTMLPreElement);
  readonly #more = byId("more", HTMLElement);
  readonly #close = byId("close", HTMLButtonElement);
  #entry: Entry | null = null;
  #isCut = false;

  constructor(host: DetailHost) {
    this.#close.addEventListener("click", () => host.onClose());
    copyOnClick(byId("copy", HTMLButtonElement), () => this.#copyOf(this.#entry?.text ?? ""));
    byId("resume-from", HTMLButtonElement).addEventListener("click", () => {
      if (this.#entry !== null) host.onResumeFrom(this.#entry);
    });
  }

  get entry(): Entry | null {
    return this.#entry;
  }

  get hasFocus(): boolean {
    return this.#panel.contains(document.activeElement);
  }

  show(entry: Entry): void {
    this.#entry = entry;
    setText(this.#title, `Event ${entry.seq}`);
    const tokens = prettyTokens(entry.text);
    this.#isCut = tokens.some(({ kind }) => kind === "cut");
    this.#json.replaceChildren(coloured(tokens));
    this.#json.scrollTo(0, 0);
    const size = entry.text.length.toLocaleString("en-US");
    setText(this.#more, `A part of an event of ${size} characters. Copy takes all of it, in one line.`);
    this.#more.hidden = !this.#isCut;
    this.#panel.hidden = false;
  }

  hide(): void {
    this.#entry = null;
    this.#panel.hidden = true;
    this.#json.replaceChildren();
  }

  /** Line by line as it is shown; of an event nested 120 deep that would be seventy times its size. */
  #copyOf(json: string): string {
    return this.#isCut ? json : prettyText(json);
  }

  focus(): void {
    this.#close.focus();
  }
}

/** What has no colour is one text between the elements: a node for every comma would be as many again. */
function coloured(tokens: readonly Token[]): Node {
  const fragment = document.createDocumentFragment();
  let plain = "";
  for (const { kind, text } of tokens) {
    if (kind === "space" || kind === "mark") {
      plain += text;
      continue;
    }
    const span = document.createElement("span");
    span.className = `json-${kind}`;
    span.append(text.slice(0, PIECE_CHARS));
    for (let at = PIECE_CHARS; at < text.length; at += PIECE_CHARS) {
      const piece = document.createElement("span");
      piece.className = "json-piece";
      piece.textContent = text.slice(at, at + PIECE_CHARS);
      span.append(piece);
    }
    fragment.append(plain, span);
    plain = "";
  }
  fragment.append(plain);
  return fragment;
}
