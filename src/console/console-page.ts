/** EFFECTS: binds the stream to the page. Paints at most once a frame; what was painted is what a reload goes on after. */
import { CLOSE, type StreamItem } from "../client/index.ts";
import { Board } from "./events/board.ts";
import type { Entry } from "./events/entry.ts";
import { Figures } from "./figures/figures.ts";
import { Form } from "./connection/form.ts";
import { GrantLine } from "./connection/grant-line.ts";
import { withMoment, type Moment } from "./connection/history.ts";
import { keepInTab, keptInTab } from "./connection/memory.ts";
import { byId } from "./page/elements.ts";
import { Pulse } from "./figures/pulse.ts";
import { Session } from "./connection/session.ts";
import { askToken, tokenUrlOfRelay } from "./connection/sign-in.ts";
import { asksToken, errorOf, wantsForm, type Cursor, type Kept } from "./connection/situation.ts";
import { StatusBar } from "./connection/status.ts";
import { Timeline } from "./connection/timeline.ts";
import { retryWords, statusView, type Action } from "./connection/status-words.ts";

const TICK_MS = 500;

/** The page: what it is connected to, what was received, and what of it was painted. */
export class ConsolePage {
  readonly #disconnect = byId("disconnect", HTMLButtonElement);
  readonly #session: Session;
  readonly #form = new Form(() => this.#connect());
  readonly #status = new StatusBar((action) => this.#act(action));
  readonly #figures = new Figures();
  readonly #grant = new GrantLine();
  #tokenUrl: string | null = null;
  #token: string | null = null;
  readonly #timeline = new Timeline(() => this.#timeline.render(this.#moments, Date.now()));
  readonly #board: Board;
  #kept: Kept | null = keptInTab();
  /** Up to here everything was painted when the list came to a stand. */
  #heldCursor: Cursor | null = null;
  #received = 0;
  #pulse = new Pulse();
  #moments: readonly Moment[] = [];
  #frameRequest: number | null = null;

  constructor() {
    this.#session = new Session(
      {
        onToken: (token) => {
          this.#token = token;
          this.#showGrant();
        },
        onEvent: (item) => this.#onEvent(item),
        onChange: () => this.#onChange(),
      },
      this.#kept?.cursor ?? null,
    );
    this.#board = new Board({
      renderSoon: () => this.#renderSoon(),
      onHold: () => this.#onHold(),
      onResumeFrom: (entry) => this.#resumeFrom(entry),
    });
  }

  start(): void {
    this.#disconnect.addEventListener("click", () => this.#session.leave());
    setInterval(() => this.#tick(), TICK_MS);
    if (this.#kept !== null) this.#form.fill(this.#kept);
    this.#goOn();
    this.#tick();
    this.#render();
    void this.#signIn();
  }

  /** After a reload, by itself. */
  #goOn(): void {
    const isIdle = this.#session.situation.kind === "idle";
    if (isIdle && this.#kept?.isOpen === true && this.#form.isReady) this.#connect();
  }

  async #signIn(): Promise<void> {
    this.#tokenUrl = await tokenUrlOfRelay();
    if (this.#tokenUrl === null) return;
    this.#form.offer(this.#tokenUrl);
    this.#goOn();
  }

  #onEvent(item: StreamItem<unknown>): void {
    this.#received += 1;
    this.#pulse.count(Date.now(), this.#board.append(item).fields.time);
    this.#renderSoon();
  }

  /** At once: animation frames stop in a hidden tab, where the title and the this.#timeline still tell the state. */
  #onChange(): void {
    const { situation } = this.#session;
    if (situation.kind === "asked") {
      this.#kept = { subject: situation.subject, cursor: situation.cursor, isOpen: !situation.isLeft };
      this.#moments = withMoment(this.#moments, statusView(situation), Date.now());
      if (wantsForm(situation)) this.#form.fill(this.#kept);
    }
    this.#showGrant();
    this.#renderState();
    this.#timeline.render(this.#moments, Date.now());
    this.#renderSoon();
  }

  /** Once the relay has taken the token: one that it refuses is not presented a second time. */
  #showGrant(): void {
    const { situation } = this.#session;
    if (situation.kind === "idle") return;
    const { kind } = situation.state;
    if (kind === "live" || kind === "replaying") void this.#grant.show(this.#token);
    else if (kind === "closed") void this.#grant.show(null);
  }

  #connect(): void {
    const plan = this.#form.plan(this.#kept);
    this.#form.remember();
    if (!plan.goesOn) {
      this.#received = 0;
      this.#pulse = new Pulse();
      this.#board.restart();
    }
    const { token } = this.#form;
    const tokenUrl = this.#tokenUrl;
    this.#session.start(plan, token === "" && tokenUrl !== null ? () => askToken(tokenUrl) : token);
  }

  #onHold(): void {
    this.#heldCursor = this.#session.situation.kind === "idle" ? null : this.#session.situation.cursor;
  }

  #resumeFrom(entry: Entry): void {
    const { situation } = this.#session;
    if (situation.kind === "idle") return;
    this.#board.cutAfter(entry);
    this.#session.start({
      subject: situation.subject,
      since: { seq: entry.seq, epoch: situation.cursor?.epoch },
      goesOn: true,
    });
  }

  #act(action: Action): void {
    if (action === "retry") return this.#session.retry();
    // Numbers of another stream would stand among those of this one.
    if (errorOf(this.#session.situation)?.reason === CLOSE.streamReset.reason) this.#board.restart();
    this.#session.startAt(action === "start-oldest" ? "oldest" : "live");
  }

  #renderSoon(): void {
    if (this.#frameRequest !== null) return;
    this.#frameRequest = requestAnimationFrame(() => {
      this.#frameRequest = null;
      this.#render();
    });
  }

  #render(): void {
    const { situation } = this.#session;
    this.#renderState();
    this.#board.render(situation, this.#received);
    if (situation.kind === "idle") return;
    this.#figures.render(situation.cursor, this.#received);
    const cursor = this.#board.isHeld ? this.#heldCursor : situation.cursor;
    keepInTab({ subject: situation.subject, cursor, isOpen: !situation.isLeft });
  }

  #renderState(): void {
    const { situation } = this.#session;
    const isForm = wantsForm(situation);
    const active = document.activeElement;
    this.#status.render(statusView(situation), retryWords(situation, Date.now()));
    this.#form.show(isForm, asksToken(situation));
    this.#disconnect.hidden = isForm;
    this.#figures.hidden = situation.kind === "idle";
    // Hiding what has the focus would send who uses the keyboard back to the top of the page.
    if (active === null || active.checkVisibility()) return;
    if (isForm) this.#form.focus();
    else this.#disconnect.focus();
  }

  #tick(): void {
    const nowMs = Date.now();
    this.#figures.renderLines(this.#pulse.series(nowMs));
    this.#timeline.render(this.#moments, nowMs);
    this.#renderSoon();
  }
}
