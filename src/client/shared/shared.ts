/**
 * DOOR: a line that is a share of the socket which a SharedWorker keeps for all tabs (`hub.ts`). For the page it is like any
 * other: frames and close codes. Where there is no such worker it is a socket of the page's own; so it is from the second try on
 * when the worker's script does not load.
 */
import { openSocket, type LineListener, type OpenLine } from "../line.ts";
import type { EventStreamOptions } from "../options.ts";

/** Page to worker, once. After it: `true` for each text that was handled, null to leave. */
export interface Join {
  readonly url: string;
  readonly protocols: readonly string[];
  /** A lock that the page holds while it lives: nothing else tells a worker that a page is gone. */
  readonly lock: string;
}

/** Worker to page, besides the relay's texts. */
export type Notice = "opened" | { readonly code: number; readonly reason: string };
export type ToPage = { readonly text: string } | Notice;
export type ToWorker = Join | true | null;

/** Locks are for secure contexts; without them nobody would know who is still there. */
let hasWorker = typeof SharedWorker !== "undefined" && "locks" in navigator;

export const openLine =
  (shared: EventStreamOptions["shared"]): OpenLine =>
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
      close: () => {
        hears = null;
        post(null);
        port.close();
        release();
      },
    };
  };

function startWorker(shared: EventStreamOptions["shared"]): SharedWorker | null {
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
