/** Door: the connection bar. Shows the state in words and figures, and the form only while nothing is connected. */
import type { Event, State } from "./machine.ts";
import { byId, setText } from "./page.ts";
import { rateWords } from "./rate.ts";
import { type Action, type StatusView, retryWords, statusView } from "./view.ts";

export interface Figures {
  readonly received: number;
  readonly perSecond: number;
}

const EVENT_OF: Record<Action, Event> = {
  retry: { kind: "retryAsked" },
  continue: { kind: "continueAsked" },
  "start-live": { kind: "startAsked", since: null },
  "start-oldest": { kind: "startAsked", since: "0" },
};

export class StatusBar {
  readonly #form = byId("form", HTMLFormElement);
  readonly #token = byId("token", HTMLInputElement);
  readonly #chip = byId("chip", HTMLElement);
  readonly #sentence = byId("sentence", HTMLElement);
  readonly #fact = byId("fact", HTMLElement);
  readonly #countdown = byId("countdown", HTMLElement);
  readonly #actions = byId("actions", HTMLElement);
  readonly #disconnect = byId("disconnect", HTMLButtonElement);
  readonly #figures = byId("figures", HTMLElement);
  readonly #dispatch: (event: Event) => void;
  #shownActions: StatusView["actions"] = [];

  constructor(dispatch: (event: Event) => void) {
    this.#dispatch = dispatch;
    this.#disconnect.addEventListener("click", () => dispatch({ kind: "disconnectAsked" }));
  }

  render(state: State, figures: Figures, nowMs: number): void {
    const view = statusView(state);
    this.#chip.dataset["tone"] = view.tone;
    setText(this.#chip, view.word);
    setText(this.#sentence, view.sentence);
    setText(this.#fact, view.fact);
    setText(this.#countdown, retryWords(state, nowMs));
    setText(byId("received", HTMLElement), figures.received.toLocaleString("en-US"));
    setText(byId("rate", HTMLElement), rateWords(figures.perSecond));
    document.title = `${view.word} · CellOS Relay`;
    this.#figures.hidden = state.kind === "idle";
    byId("tools", HTMLElement).hidden = state.kind === "idle";
    this.#renderLink(state);
    this.#renderActions(view.actions);
    this.#renderForm(state.kind === "idle" || state.kind === "closed");
  }

  #renderLink(state: State): void {
    if (state.kind === "idle") return;
    setText(byId("cursor", HTMLElement), state.link.cursor ?? "–");
    setText(byId("faults", HTMLElement), String(state.link.faults));
    byId("faults-figure", HTMLElement).hidden = state.link.faults === 0;
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
        button.addEventListener("click", () => this.#dispatch(EVENT_OF[action]));
        return button;
      }),
    );
  }

  /** Hiding what has the focus would send the keyboard user back to the top of the page. */
  #renderForm(wanted: boolean): void {
    if (wanted !== this.#form.hidden) return;
    const active = document.activeElement;
    const lost =
      active === document.body ||
      active === this.#disconnect ||
      this.#form.contains(active) ||
      this.#actions.contains(active);
    this.#form.hidden = !wanted;
    this.#disconnect.hidden = wanted;
    if (!lost) return;
    if (wanted) (this.#actions.querySelector("button") ?? this.#token).focus();
    else this.#disconnect.focus();
  }
}
