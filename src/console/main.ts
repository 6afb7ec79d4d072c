/** Door: translates the page's and the network's events, steps the machine, and performs its effects. */
import { Detail } from "./detail.ts";
import { EventList } from "./list.ts";
import { EventLog } from "./log.ts";
import { type Effect, type Event, type State, step } from "./machine.ts";
import { byId, setText } from "./page.ts";
import { type Sample, perSecond, sampled } from "./rate.ts";
import { askWhy, openSocket } from "./socket.ts";
import { StatusBar } from "./status.ts";
import { keepToken, recallToken } from "./token.ts";
import { emptyView } from "./view.ts";

const TICK_MS = 500;
/** Where the panel covers the list, and so takes the focus with it; style.css has the same width. */
const NARROW = matchMedia("(max-width: 820px)");

const form = byId("form", HTMLFormElement);
const tokenInput = byId("token", HTMLInputElement);
const rememberInput = byId("remember", HTMLInputElement);
const filterInput = byId("filter", HTMLInputElement);
const pauseButton = byId("pause", HTMLButtonElement);
const clearButton = byId("clear", HTMLButtonElement);

const log = new EventLog();
const status = new StatusBar(dispatch);
const detail = new Detail(closeDetail);
const list = new EventList((entry) => {
  detail.show(entry);
  list.select(entry.key);
  byId("board", HTMLElement).dataset["detail"] = "open";
  byId("stream", HTMLElement).inert = NARROW.matches;
  if (NARROW.matches) detail.focus();
});

let state: State = { kind: "idle" };
let token = "";
let received = 0;
let samples: readonly Sample[] = [];
let closeSocket: () => void = () => {};
let frameRequest: number | null = null;

function dispatch(event: Event): void {
  const before = state.kind;
  const next = step(state, event, { nowMs: Date.now(), random: Math.random() });
  state = next.state;
  for (const effect of next.effects) perform(effect);
  // Animation frames stop in a hidden tab, where the title still tells the state.
  if (state.kind !== before) renderStatus();
  renderSoon();
}

function perform(effect: Effect): void {
  switch (effect.kind) {
    case "openSocket":
      if (tokenInput.checkValidity()) token = tokenInput.value;
      closeSocket();
      closeSocket = openSocket(effect.link, token, {
        opened: () => dispatch({ kind: "opened" }),
        framed(frame) {
          if (frame.kind === "event") {
            received++;
            log.append(frame);
          }
          dispatch({ kind: "framed", frame });
        },
        closed: (code, reason) => dispatch({ kind: "socketClosed", code, reason }),
      });
      return;
    case "closeSocket":
      return closeSocket();
    case "askWhy":
      void ask(effect.link);
      return;
    case "clearLog":
      received = 0;
      samples = [];
      log.resume();
      return clear();
  }
}

async function ask(link: Parameters<typeof askWhy>[0]): Promise<void> {
  const answer = await askWhy(link, token);
  // An answer to a question that a newer connection has overtaken says nothing about it.
  if (state.kind === "asking" && state.link === link) dispatch({ kind: "answered", answer });
}

function renderSoon(): void {
  frameRequest ??= requestAnimationFrame(() => {
    frameRequest = null;
    renderStatus();
    renderList();
  });
}

function renderStatus(): void {
  status.render(state, { received, perSecond: state.kind === "live" ? perSecond(samples) : 0 }, Date.now());
}

function renderList(): void {
  const filter = filterInput.value.trim();
  list.render(log.entries, filter);
  const { size } = list;
  const kept = log.entries.length;
  setText(
    byId("shown", HTMLElement),
    filter === "" ? (kept > 0 && kept < received ? `newest ${kept}` : "") : `${size} of ${kept}`,
  );
  setText(pauseButton, log.paused ? `Resume (${log.heldCount.toLocaleString("en-US")} new)` : "Pause");
  pauseButton.classList.toggle("held", log.paused);
  const empty = emptyView(state, { received, rows: size, entries: kept, held: log.heldCount }, filter);
  byId("empty", HTMLElement).hidden = empty === null;
  if (empty === null) return;
  setText(byId("empty-title", HTMLElement), empty.title);
  setText(byId("empty-text", HTMLElement), empty.text);
  setText(byId("empty-command", HTMLElement), empty.command);
  byId("empty-command", HTMLElement).hidden = empty.command === "";
}

function clear(): void {
  log.clear();
  if (detail.entry !== null) closeDetail();
  renderSoon();
}

function closeDetail(): void {
  const key = detail.entry?.key ?? null;
  const hadFocus = byId("detail", HTMLElement).contains(document.activeElement);
  byId("stream", HTMLElement).inert = false;
  if (hadFocus) list.focus(key);
  detail.hide();
  list.select(null);
  delete byId("board", HTMLElement).dataset["detail"];
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(rememberInput.checked ? tokenInput.value : null);
  const since = byId("since", HTMLInputElement).value;
  dispatch({
    kind: "connectAsked",
    subject: byId("subject", HTMLInputElement).value.trim(),
    since: since === "" ? null : since,
  });
});
tokenInput.addEventListener("change", () => {
  tokenInput.value = tokenInput.value.trim();
});
rememberInput.addEventListener("change", () => {
  if (!rememberInput.checked) keepToken(null);
});
filterInput.addEventListener("input", renderSoon);
clearButton.addEventListener("click", clear);
pauseButton.addEventListener("click", () => {
  if (log.paused) log.resume();
  else log.pause();
  renderSoon();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && detail.entry !== null) closeDetail();
});
NARROW.addEventListener("change", () => {
  byId("stream", HTMLElement).inert = NARROW.matches && detail.entry !== null;
});
window.addEventListener("online", () => dispatch({ kind: "retryAsked" }));
setInterval(() => {
  samples = sampled(samples, { atMs: Date.now(), total: received });
  dispatch({ kind: "ticked" });
}, TICK_MS);

const remembered = recallToken();
rememberInput.checked = remembered !== null;
tokenInput.value = remembered ?? "";
renderStatus();
renderList();
