/** DOOR: the drawer that shows one event, digit for digit as it came. */
import { copyOnClick } from "./clipboard.ts";
import type { Entry } from "./entry.ts";
import { byId, setText } from "./page.ts";
import { prettyText, prettyTokens } from "./pretty.ts";

export interface DetailHost {
  onClose(): void;
  onResumeFrom(entry: Entry): void;
}

/** Beyond this, colour would cost one element per token and freeze the page. */
const MAX_COLOURED_CHARS = 100_000;

export class Detail {
  readonly #panel = byId("detail", HTMLElement);
  readonly #title = byId("detail-title", HTMLElement);
  readonly #json = byId("json", HTMLPreElement);
  readonly #close = byId("close", HTMLButtonElement);
  #entry: Entry | null = null;

  constructor(host: DetailHost) {
    this.#close.addEventListener("click", () => host.onClose());
    copyOnClick(byId("copy", HTMLButtonElement), () => this.#json.textContent);
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
    this.#json.replaceChildren(coloured(entry.text));
    this.#json.scrollTo(0, 0);
    this.#panel.hidden = false;
  }

  hide(): void {
    this.#entry = null;
    this.#panel.hidden = true;
    this.#json.replaceChildren();
  }

  focus(): void {
    this.#close.focus();
  }
}

function coloured(json: string): Node {
  if (json.length > MAX_COLOURED_CHARS) return document.createTextNode(prettyText(json));
  const fragment = document.createDocumentFragment();
  for (const token of prettyTokens(json)) {
    if (token.kind === "space" || token.kind === "mark") {
      fragment.append(token.text);
      continue;
    }
    const span = document.createElement("span");
    span.className = `json-${token.kind}`;
    span.textContent = token.text;
    fragment.append(span);
  }
  return fragment;
}
