/**
 * EFFECTS: a line that is a share of the socket which a SharedWorker keeps for all tabs (`hub.ts`). For the page it is like any
 * other: frames and close codes. Where there is no such worker it is a socket of the page's own; so it is from the second try on
 * when the worker's script does not load.
 */
import type { Sharing, ToPage, ToWorker } from "./messages.ts";
import { openSocket, type LineListener, type OpenLine } from "../wire/line.ts";

/** Locks are for secure contexts; without them nobody would know who is still there. */
let hasWorker = typeof SharedWorker !== "undefined" && "locks" in navigator;

export const openLine =
  (shared: Sharing | undefined): OpenLine =>
  (url, protocols, listener) => {
    const worker = startWorker(shared);
    if (worker === null) return openSocket(url, protocols, listener);
    const { port } = worker;
    const post = (message: ToWorker): void => port.postMessage(message);
    let hears: LineListener | null = listener;
    let release = (): void => {};
    worker.addEventListener("error", () => {
      hasWorker = false;
      hears?.closed(1006, "");
    });
    port.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
      if (data === "opened") hears?.opened();
      else if ("text" in data) hears?.received(data.text);
      else hears?.closed(data.code, data.reason);
    });
    port.start();
    const lock = crypto.randomUUID();
    void navigator.locks.request(lock, () => {
      if (hears === null) return;
      post({ url: url.href, protocols, lock });
      return new Promise<void>((resolve) => (release = resolve));
    });
    return {
      consumed: () => post(true),
      send: post,
      close: () => {
        hears = null;
        post(null);
        port.close();
        release();
      },
    };
  };

function startWorker(shared: Sharing | undefined): SharedWorker | null {
  if (!shared || !hasWorker) return null;
  try {
    // Bundlers look for exactly this expression, literals and all.
    return typeof shared === "object"
      ? new SharedWorker(shared.workerUrl)
      : new SharedWorker(new URL("./shared-worker.js", import.meta.url));
  } catch {
    // Of another origin, or forbidden by the page's policy.
    return null;
  }
}
