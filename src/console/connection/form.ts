/** EFFECTS: token, subject and start: shown while nothing is connected. */
import { forget, recall, remember } from "./memory.ts";
import { byId } from "../page/elements.ts";
import { planOf, type Kept, type Plan } from "./situation.ts";

export class Form {
  readonly #form = byId("form", HTMLFormElement);
  readonly #token = byId("token", HTMLInputElement);
  readonly #subject = byId("subject", HTMLInputElement);
  readonly #since = byId("since", HTMLInputElement);
  readonly #remember = byId("remember", HTMLInputElement);
  #offered = { subject: "", since: "" };

  constructor(onConnect: () => void) {
    const onDevice = recall("device");
    const remembered = onDevice ?? recall("tab");
    this.#remember.checked = onDevice !== null;
    this.#token.value = remembered?.token ?? "";
    this.#subject.value = remembered?.subject ?? this.#subject.value;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      onConnect();
    });
    this.#token.addEventListener("change", () => {
      this.#token.value = this.#token.value.trim();
    });
    this.#subject.addEventListener("input", () => this.#offerSince());
    this.#remember.addEventListener("change", () => {
      if (!this.#remember.checked) forget();
    });
  }

  /** Empty when the token comes from the address that hands it out. */
  get token(): string {
    return this.#token.value;
  }

  /** Nobody has to press a button. */
  get isReady(): boolean {
    return this.#form.checkValidity();
  }

  /** Somebody hands out tokens: the person need not have one. */
  offer(tokenUrl: string): void {
    this.#token.required = false;
    this.#token.placeholder = `from ${new URL(tokenUrl, location.href).host}`;
  }

  plan(kept: Kept | null): Plan {
    return planOf(this.#subject.value.trim(), this.#since.value, kept);
  }

  /** Of what was just asked for, as much as the person wants kept. */
  remember(): void {
    const subject = this.#subject.value.trim();
    remember({ token: this.#token.value, subject }, this.#remember.checked ? "device" : "tab");
  }

  /** Offers to go on there. */
  fill({ subject, cursor }: Omit<Kept, "isOpen">): void {
    this.#offered = { subject, since: cursor === null ? "" : String(cursor.seq) };
    this.#subject.value = subject;
    this.#since.value = this.#offered.since;
  }

  show(isShown: boolean, isTokenBad: boolean): void {
    this.#form.hidden = !isShown;
    this.#token.ariaInvalid = isTokenBad ? "true" : null;
  }

  /** Another subject starts now, unless the person says otherwise. */
  #offerSince(): void {
    const { subject, since } = this.#offered;
    if (this.#since.value !== "" && this.#since.value !== since) return;
    this.#since.value = this.#subject.value.trim() === subject ? since : "";
  }

  focus(): void {
    this.#token.focus();
    this.#token.select();
  }
}
