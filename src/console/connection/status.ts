/** EFFECTS: the connection's state in words, and what can be done about it. */
import { byId, setText } from "../page/elements.ts";
import type { Action, StatusView } from "./status-words.ts";

export class StatusBar {
  readonly #chip = byId("chip", HTMLElement);
  readonly #sentence = byId("sentence", HTMLElement);
  readonly #fact = byId("fact", HTMLElement);
  readonly #countdown = byId("countdown", HTMLElement);
  readonly #actions = byId("actions", HTMLElement);
  readonly #onAction: (action: Action) => void;
  #shownActions: StatusView["actions"] = [];

  constructor(onAction: (action: Action) => void) {
    this.#onAction = onAction;
  }

  render(view: StatusView, countdown: string): void {
    this.#chip.dataset["tone"] = view.tone;
    setText(this.#chip, view.word);
    setText(this.#sentence, view.sentence);
    setText(this.#fact, view.fact);
    setText(this.#countdown, countdown);
    setText(document.head.querySelector("title") ?? this.#chip, `${view.word} · CellOS Relay`);
    this.#renderActions(view.actions);
  }

  #renderActions(actions: StatusView["actions"]): void {
    const same =
      actions.length === this.#shownActions.length &&
      actions.every(({ label }, at) => label === this.#shownActions[at]?.label);
    if (same) return;
    this.#shownActions = actions;
    this.#actions.replaceChildren(
      ...actions.map(({ action, label }) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "button";
        button.textContent = label;
        button.addEventListener("click", () => this.#onAction(action));
        return button;
      }),
    );
  }
}
