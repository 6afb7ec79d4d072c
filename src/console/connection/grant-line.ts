/** EFFECTS: the line that says what the present token may read, and until when. */
import { byId, setText } from "../page/elements.ts";
import { grantWords } from "./grant-words.ts";
import { grantOf } from "./sign-in.ts";

export class GrantLine {
  readonly #line = byId("grant", HTMLElement);
  #token: string | null = null;

  /** `token` is the one that the relay accepted last; null when none is known to be good. */
  async show(token: string | null): Promise<void> {
    if (token === this.#token) return;
    this.#token = token;
    const grant = token && (await grantOf(token));
    // Another token has come meanwhile.
    if (token !== this.#token) return;
    this.#line.hidden = !grant;
    setText(this.#line, grant ? grantWords(grant, Date.now()) : "");
  }
}
