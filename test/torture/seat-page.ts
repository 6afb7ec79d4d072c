/** DOOR: pages in Chromium with the client as it is packed, several streams in each. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import type { Cursor } from "../../src/client/storage.ts";
import { Chromium } from "../support/browser/chromium.ts";
import { ClientPage } from "../support/browser/client-page.ts";
import type { Order } from "./listener.ts";
import type { Seat, Taken } from "./seat.ts";

const ENTRY = fileURLToPath(new URL("listener-page.ts", import.meta.url));
const LOAD_TIMEOUT_MS = 30_000;

/** The browser of a run. */
export class Pages implements AsyncDisposable {
  /** Of the pages. */
  readonly origin: string;
  readonly #stack: AsyncDisposableStack;
  readonly #tabs: readonly Tab[];

  private constructor(origin: string, stack: AsyncDisposableStack, tabs: readonly Tab[]) {
    this.origin = origin;
    this.#stack = stack;
    this.#tabs = tabs;
  }

  static async open(count: number): Promise<Pages> {
    await using stack = new AsyncDisposableStack();
    const site = stack.use(await ClientPage.serve());
    const browser = stack.use(await Chromium.launch());
    const { outputFiles } = await build({ entryPoints: [ENTRY], bundle: true, format: "iife", write: false });
    await browser.context.addInitScript({ content: outputFiles.map(({ text }) => text).join("") });
    const tabs: Tab[] = [];
    while (tabs.length < count) tabs.push(await Tab.open(await browser.context.newPage(), site.url));
    return new Pages(site.url, stack.move(), tabs);
  }

  /** `onTrouble` hears of whatever the page did not catch. */
  seat(page: number, id: number, onTrouble: (text: string) => void): Seat {
    const tab = this.#tabs[page];
    if (tab === undefined) throw new Error(`There is no page ${page}.`);
    return new PageSeat(tab, id, onTrouble);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

class Tab {
  readonly page: Page;
  /** What runs in it, to be started again after a reload. */
  readonly running = new Map<number, () => Promise<void>>();
  #turn: Promise<void> = Promise.resolve();

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(LOAD_TIMEOUT_MS);
  }

  static async open(page: Page, url: string): Promise<Tab> {
    await page.goto(url);
    const tab = new Tab(page);
    await tab.#ready();
    return tab;
  }

  /** One thing at a time: nothing is asked of a page that is loading. */
  inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(run);
    this.#turn = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  reload(): Promise<void> {
    return this.inTurn(async () => {
      await this.page.reload();
      await this.#ready();
      for (const start of this.running.values()) await start();
    });
  }

  async #ready(): Promise<void> {
    await this.page.waitForFunction(() => "client" in window);
  }
}

class PageSeat implements Seat {
  readonly #tab: Tab;
  readonly #id: number;
  /** The last note that was taken. */
  #had = 0;

  constructor(tab: Tab, id: number, onTrouble: (text: string) => void) {
    this.#tab = tab;
    this.#id = id;
    tab.page.on("pageerror", (error) => onTrouble(`uncaught in the page: ${error.stack ?? error.message}`));
    tab.page.on("crash", () => onTrouble("the page crashed"));
  }

  readonly reload = (): Promise<void> => this.#tab.reload();

  start(order: Order): Promise<void> {
    const start = (): Promise<void> =>
      this.#tab.page.evaluate(({ id, told, next }) => window.listenerOf(id).start(told, next), {
        id: this.#id,
        told: order,
        next: this.#had + 1,
      });
    return this.#tab.inTurn(async () => {
      this.#tab.running.set(this.#id, start);
      await start();
    });
  }

  take(): Promise<Taken> {
    return this.#tab.inTurn(async () => {
      const asked = { id: this.#id, had: this.#had };
      const { last, ...taken } = await this.#tab.page.evaluate(({ id, had }) => window.listenerOf(id).take(had), asked);
      this.#had = last;
      return taken;
    });
  }

  act(verb: "hold" | "release" | "retry"): Promise<void> {
    const asked = { id: this.#id, verb };
    return this.#tab.inTurn(() => this.#tab.page.evaluate((what) => window.listenerOf(what.id).act(what.verb), asked));
  }

  answerReset(cursor: Cursor | null): Promise<void> {
    const asked = { id: this.#id, cursor };
    return this.#tab.inTurn(() =>
      this.#tab.page.evaluate((what) => window.listenerOf(what.id).answerReset(what.cursor), asked),
    );
  }

  close(): Promise<void> {
    this.#tab.running.delete(this.#id);
    return this.#tab.inTurn(() => this.#tab.page.evaluate((id) => window.listenerOf(id).close(), this.#id));
  }
}
