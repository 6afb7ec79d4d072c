import { setInterval } from "node:timers/promises";
import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ConsoleStage } from "../support/browser/console-stage.ts";

/** More of it by hand: the page is meant to hold out for ever. */
const SECONDS = Number(process.env["CONSOLE_LOAD_SECONDS"] ?? 10);
const EVENTS_A_SECOND = 1_000;
const STEPS_A_SECOND = 20;
/** What list.ts may build for a window of this height. */
const MAX_ROWS = 60;
/** The list and its hold are bounded by 16 Mi characters each; this load is far below that. */
const MAX_HEAP_BYTES = 64 * 1024 * 1024;

let stage: ConsoleStage;

beforeAll(async () => {
  stage = await ConsoleStage.start();
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

declare global {
  /** What the page of this test counts. */
  interface Window {
    load: { readonly longTasksMs: number[]; frames: number; mostRows: number };
  }
}

async function count(page: Page): Promise<void> {
  await page.evaluate(() => {
    const load = (window.load = { longTasksMs: [] as number[], frames: 0, mostRows: 0 });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) load.longTasksMs.push(Math.round(duration));
    }).observe({ type: "longtask" });
    const frame = (): void => {
      load.frames += 1;
      load.mostRows = Math.max(load.mostRows, document.querySelectorAll("#rows li").length);
      requestAnimationFrame(frame);
    };
    frame();
  });
}

async function heapBytes(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize;
}

it("stays smooth and bounded at 1,000 events a second", { timeout: (SECONDS + 60) * 1_000 }, async () => {
  const subject = "cellos.events.load";
  const total = SECONDS * EVENTS_A_SECOND;
  await using opened = await stage.open();
  const { page } = opened;
  await opened.connect(subject);
  await opened.says("Live");
  const session = await page.context().newCDPSession(page);
  await count(page);
  const heaps: number[] = [];
  let published = 0;
  const startedMs = Date.now();
  for await (const _ of setInterval(1_000 / STEPS_A_SECOND)) {
    const due = Math.min(total, Math.floor(((Date.now() - startedMs) / 1_000) * EVENTS_A_SECOND));
    await stage.rig.publishMany(due - published, { subject, from: published + 1, padBytes: 200 });
    published = due;
    if (published >= (heaps.length + 1) * 10 * EVENTS_A_SECOND) heaps.push(await heapBytes(session));
    if (published === total) break;
  }
  await opened.received(total);
  const elapsedMs = Date.now() - startedMs;
  const { longTasksMs, frames, mostRows } = await page.evaluate(() => window.load);
  console.info(
    `${total} events in ${elapsedMs} ms: ${frames} frames, ${longTasksMs.length} long tasks, longest ${Math.max(0, ...longTasksMs)} ms, ` +
      `at most ${mostRows} rows; heap every 10 s, in MiB: ${heaps.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(" ")}`,
  );
  // Were the meter broken, no long task would be no news.
  await page.evaluate(() => {
    // A task of the page's own: what the debugger runs is not always measured.
    setTimeout(() => {
      for (const endMs = performance.now() + 200; performance.now() < endMs;) continue;
    });
  });
  await page.waitForFunction((before) => window.load.longTasksMs.length > before, longTasksMs.length);
  expect(mostRows).toBeLessThanOrEqual(MAX_ROWS);
  expect(Math.max(...heaps)).toBeLessThan(MAX_HEAP_BYTES);
  const numbers = await opened.numbers();
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => total - numbers.length + index + 1));
  expect(numbers).toHaveLength(5_000);
  expect(opened.faults).toEqual([]);
});
