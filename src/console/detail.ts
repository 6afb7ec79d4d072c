/** Door: the panel that shows one event, digit for digit as it came. */
import { eventText } from "./frame.ts";
import type { Entry } from "./log.ts";
import { byId } from "./page.ts";
import { prettyText, prettyTokens } from "./pretty.ts";

/** Beyond this, colour would cost one element per token and freeze the page. */
const MAX_COLOURED_CHARS = 100_000;
const COPIED_MS = 1_500;

export class Detail {
  readonly #panel = byId("detail", HTMLElement);
  readonly #title = byId("detail-title", HTMLElement);
  readonly #json = byId("json", HTMLPreElement);
  readonly #copy = byId("copy", HTMLButtonElement);
  readonly #close = byId("close", HTMLButtonElement);
  readonly #onClose: () => void;
  #entry: Entry | null = null;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
    this.#close.addEventListener("click", () => this.#onClose());
    this.#copy.addEventListener("click", () => void this.#copyText());
  }

  get entry(): Entry | null {
    return this.#entry;
  }

  show(entry: Entry): void {
    this.#entry = entry;
    this.#title.textContent = `Event ${entry.seq}`;
    this.#copy.textContent = "Copy";
    this.#json.replaceChildren(coloured(eventText(entry.text)));
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

  async #copyText(): Promise<void> {
    const label = await navigator.clipboard.writeText(this.#json.textContent).then(
      () => "Copied",
      () => "Not allowed",
    );
    this.#copy.textContent = label;
    setTimeout(() => (this.#copy.textContent = "Copy"), COPIED_MS);
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
