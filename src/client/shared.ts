/**
 * DOOR: a line that is a share of the socket which a SharedWorker keeps for all tabs (`hub.ts`). For the page it is like any
 * other: frames and close codes. Where there is no such worker, or its script does not load, it is a socket of the page's own.
 */
import { openSocket, type Line, type OpenLine } from "./line.ts";
import type { EventStreamOptions } from "./options.ts";

/** Page to worker, once. After it: a text for the relay, `true` for each text that was handled, null to leave. */
export interface Join {
  readonly url: string;
  readonly protocols: readonly string[];
  /** A lock that the page holds while it lives: nothing else tells a worker that a page is gone. */
  readonly lock: string | null;
}

/** Worker to page, besides the relay's texts. */
export type Notice = "opened" | { readonly code: number; readonly reason: string };
export type ToPage = { readonly text: string } | Notice;
export type ToWorker = Join | string | true | null;

let hasWorker = typeof SharedWorker !== "undefined";

export function openShared(shared: NonNullable<EventStreamOptions["shared"]>): OpenLine {
  return (url, protocols, listener) => {
    const worker = startWorker(shared);
    if (worker === null) return openSocket(url, protocols, listener);
    const listening = new AbortController();
    const { signal } = listening;
    const { port } = worker;
    const post = (message: ToWorker): void => port.postMessage(message);
    let release = (): void => {};
    let own: Line | null = null;
    worker.addEventListener(
      "error",
      () => {
        hasWorker = false;
        release();
        own ??= openSocket(url, protocols, listener);
      },
      { signal },
    );
    port.addEventListener(
      "message",
      ({ data }: MessageEvent<ToPage>) => {
        if (data === "opened") listener.opened();
        else if ("text" in data) listener.received(data.text);
        else listener.closed(data.code, data.reason);
      },
      { signal },
    );
    port.start();
    const join = { url: url.href, protocols };
    const lock = `cellos-relay ${Math.random()} ${Date.now()}`;
    const hold = (): Promise<void> => {
      post({ ...join, lock });
      return new Promise((resolve) => (release = resolve));
    };
    // Locks are for secure contexts; without them the worker drops a page that handles nothing any more.
    if (navigator.locks === undefined) post({ ...join, lock: null });
    else navigator.locks.request(lock, { signal }, hold).catch(() => {});
    return {
      send: (text) => (own === null ? post(text) : own.send(text)),
      consumed: (type, text, ackBytes) => (own === null ? post(true) : own.consumed(type, text, ackBytes)),
      close: () => {
        listening.abort();
        own?.close();
        post(null);
        release();
        port.close();
      },
    };
  };
}

function startWorker(shared: NonNullable<EventStreamOptions["shared"]>): SharedWorker | null {
  if (!hasWorker) return null;
  try {
    // Bundlers look for exactly this expression, literals and all.
    return typeof shared === "object"
      ? new SharedWorker(shared.workerUrl, { name: "cellos-relay" })
      : new SharedWorker(new URL("./shared-worker.js", import.meta.url), { name: "cellos-relay" });
  } catch {
    // Of another origin, or forbidden by the page's policy.
    return null;
  }
}
