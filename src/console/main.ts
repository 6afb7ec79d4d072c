/** DOOR: binds the stream to the page. Paints at most once a frame; what was painted is what a reload goes on after. */
import { CLOSE, type StreamItem } from "../client/index.ts";
import { Board } from "./connection/board.ts";
import type { Entry } from "./events/entry.ts";
import { Figures } from "./figures/figures.ts";
import { Form } from "./page/form.ts";
import { withMoment, type Moment } from "./connection/history.ts";
import { keepInTab, keptInTab } from "./connection/memory.ts";
import { byId } from "./page/page.ts";
import { Pulse } from "./figures/pulse.ts";
import { Session } from "./connection/session.ts";
import { asksToken, errorOf, wantsForm, type Cursor, type Kept } from "./connection/situation.ts";
import { StatusBar } from "./page/status.ts";
import { Timeline } from "./connection/timeline.ts";
import { retryWords, statusView, type Action } from "./page/view.ts";

const TICK_MS = 500;

const disconnect = byId("disconnect", HTMLButtonElement);
let kept: Kept | null = keptInTab();
const session = new Session({ onEvent, onChange }, kept?.cursor ?? null);
const form = new Form(connect);
const status = new StatusBar(act);
const figures = new Figures();
const timeline = new Timeline(() => timeline.render(moments, Date.now()));
const board = new Board({ renderSoon, onHold, onResumeFrom: resumeFrom });

/** Up to here everything was painted when the list came to a stand. */
let heldCursor: Cursor | null = null;
let received = 0;
let pulse = new Pulse();
let moments: readonly Moment[] = [];
let frameRequest: number | null = null;

function onEvent(item: StreamItem<unknown>): void {
  received += 1;
  pulse.count(Date.now(), board.append(item).fields.time);
  renderSoon();
}

/** At once: animation frames stop in a hidden tab, where the title and the timeline still tell the state. */
function onChange(): void {
  const { situation } = session;
  if (situation.kind === "asked") {
    kept = { subject: situation.subject, cursor: situation.cursor, isOpen: !situation.isLeft };
    moments = withMoment(moments, statusView(situation), Date.now());
    if (wantsForm(situation)) form.fill(kept);
  }
  renderState();
  timeline.render(moments, Date.now());
  renderSoon();
}

function connect(): void {
  const plan = form.plan(kept);
  form.remember();
  if (!plan.goesOn) {
    received = 0;
    pulse = new Pulse();
    board.restart();
  }
  session.start(plan, form.token);
}

function onHold(): void {
  heldCursor = session.situation.kind === "idle" ? null : session.situation.cursor;
}

function resumeFrom(entry: Entry): void {
  const { situation } = session;
  if (situation.kind === "idle") return;
  board.cutAfter(entry);
  session.start({
    subject: situation.subject,
    since: { seq: entry.seq, epoch: situation.cursor?.epoch },
    goesOn: true,
  });
}

function act(action: Action): void {
  if (action === "retry") return session.retry();
  // Numbers of another stream would stand among those of this one.
  if (errorOf(session.situation)?.reason === CLOSE.streamReset.reason) board.restart();
  session.startAt(action === "start-oldest" ? "oldest" : "live");
}

function renderSoon(): void {
  frameRequest ??= requestAnimationFrame(() => {
    frameRequest = null;
    render();
  });
}

function render(): void {
  const { situation } = session;
  renderState();
  board.render(situation, received);
  if (situation.kind === "idle") return;
  figures.render(situation.cursor, received);
  const cursor = board.isHeld ? heldCursor : situation.cursor;
  keepInTab({ subject: situation.subject, cursor, isOpen: !situation.isLeft });
}

function renderState(): void {
  const { situation } = session;
  const isForm = wantsForm(situation);
  const active = document.activeElement;
  status.render(statusView(situation), retryWords(situation, Date.now()));
  form.show(isForm, asksToken(situation));
  disconnect.hidden = isForm;
  figures.hidden = situation.kind === "idle";
  // Hiding what has the focus would send who uses the keyboard back to the top of the page.
  if (active === null || active.checkVisibility()) return;
  if (isForm) form.focus();
  else disconnect.focus();
}

function tick(): void {
  const nowMs = Date.now();
  figures.renderLines(pulse.series(nowMs));
  timeline.render(moments, nowMs);
  renderSoon();
}

disconnect.addEventListener("click", () => session.leave());
setInterval(tick, TICK_MS);

if (kept !== null) {
  form.fill(kept);
  if (kept.isOpen && form.isReady) connect();
}
tick();
render();
