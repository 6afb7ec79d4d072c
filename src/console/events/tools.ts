/** EFFECTS: the tools of the list: filters, pause, clear and export. */
import type { Filter } from "./filter.ts";
import { byId, setText } from "../page/elements.ts";
import { heldWords } from "../connection/status-words.ts";

export interface ToolsHost {
  onFilter(): void;
  onPause(): void;
  onClear(): void;
  onExport(): void;
}

export interface ToolsView {
  readonly isHeld: boolean;
  readonly held: number;
  readonly dropped: number;
  readonly shown: string;
  readonly canExport: boolean;
}

export class Tools {
  readonly #type = byId("filter-type", HTMLInputElement);
  readonly #source = byId("filter-source", HTMLInputElement);
  readonly #text = byId("filter-text", HTMLInputElement);
  readonly #pause = byId("pause", HTMLButtonElement);
  readonly #export = byId("export", HTMLButtonElement);

  constructor(host: ToolsHost) {
    for (const input of [this.#type, this.#source, this.#text]) input.addEventListener("input", () => host.onFilter());
    this.#pause.addEventListener("click", () => host.onPause());
    this.#export.addEventListener("click", () => host.onExport());
    byId("clear", HTMLButtonElement).addEventListener("click", () => host.onClear());
  }

  get filter(): Filter {
    return { type: this.#type.value, source: this.#source.value, text: this.#text.value };
  }

  render({ isHeld, held, dropped, shown, canExport }: ToolsView): void {
    setText(this.#pause, isHeld ? heldWords(held, dropped) : "Pause");
    this.#pause.classList.toggle("held", isHeld);
    setText(byId("shown", HTMLElement), shown);
    // Not `disabled`, which would take the focus away.
    this.#export.ariaDisabled = canExport ? null : "true";
  }
}

export function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
  link.download = name;
  link.click();
  // At once would be before the browser has begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
