import type { Page } from "playwright-core";
import type { Chromium } from "./chromium.ts";
import type { Relay } from "../relay.ts";

export const CONSOLE_TOKEN = "console-token";
/** Below the limit of a test, so that a failure names the step that hung. */
const STEP_TIMEOUT_MS = 25_000;

interface Choices {
  readonly token?: string;
  readonly since?: string;
  readonly remember?: boolean;
}

/** The console in a tab of its own, as a person sees it. */
export class ConsolePage implements AsyncDisposable {
  readonly page: Page;
  /** What a person would find in the browser's console and should not. */
  readonly faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(STEP_TIMEOUT_MS);
    page.on("pageerror", (error) => this.faults.push(error.message));
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) this.faults.push(message.text());
    });
  }

  static async open(browser: Chromium, relay: Pick<Relay, "url">, width = 1280, height = 800): Promise<ConsolePage> {
    const opened = new ConsolePage(await browser.context.newPage());
    await opened.page.setViewportSize({ width, height });
    await opened.page.goto(relay.url);
    return opened;
  }

  async connect(subject: string, { token = CONSOLE_TOKEN, since, remember = false }: Choices = {}): Promise<void> {
    await this.page.getByLabel("Token", { exact: true }).fill(token);
    await this.page.getByLabel("Subject", { exact: true }).fill(subject);
    if (since !== undefined) await this.page.getByLabel("Start after").fill(since);
    await this.page.getByLabel("Remember").setChecked(remember);
    await this.press("Connect");
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  /** Waits until the connection's state says so. */
  async says(text: string): Promise<void> {
    await this.page.getByRole("status").filter({ hasText: text }).waitFor();
  }

  /** Waits until a row has this text. */
  async lists(text: string): Promise<void> {
    await this.page.locator("#rows li").filter({ hasText: text }).first().waitFor();
  }

  /** Waits until so many events came since the subject was asked for. */
  async received(count: number): Promise<void> {
    await this.page
      .locator("#received")
      .filter({ hasText: new RegExp(`^${count.toLocaleString("en-US")}$`) })
      .waitFor();
  }

  /** The types of the rows that have an element: those in sight. */
  types(): Promise<string[]> {
    return this.page.locator("#rows .type").allTextContents();
  }

  /** What is shown, in sight or not, oldest first: what a person gets who exports it. */
  async exported(): Promise<{ readonly name: string; readonly lines: readonly string[] }> {
    const coming = this.page.waitForEvent("download");
    await this.press("Export");
    const download = await coming;
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    const lines = Buffer.concat(chunks).toString().split("\n");
    return { name: download.suggestedFilename(), lines: lines.slice(0, -1) };
  }

  /** `data.n` of every event shown, oldest first. */
  async numbers(): Promise<number[]> {
    const { lines } = await this.exported();
    return lines.map((line) => (JSON.parse(line) as { event: { data: { n: number } } }).event.data.n);
  }

  /** The words of the timeline, newest first. */
  async timeline(): Promise<string[]> {
    const moments = this.page.locator("#moments li");
    if (!(await moments.first().isVisible())) await this.page.locator("#timeline summary").click();
    await moments.first().waitFor();
    return (await moments.allTextContents()).map((text) => text.replaceAll(/\s+/g, " ").trim());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
  }
}
