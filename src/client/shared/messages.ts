/** What a page and the worker that shares a socket say to each other. */

/** Whether to share a socket, and where the script of the worker is. */
export type Sharing = boolean | { readonly workerUrl: string | URL };

/** Page to worker, once. After it: `true` for each text that was handled, a text to send, null to leave. */
export interface Join {
  readonly url: string;
  readonly protocols: readonly string[];
  /** A lock that the page holds while it lives: nothing else tells a worker that a page is gone. */
  readonly lock: string;
}

/** Worker to page, besides the relay's texts. */
export type Notice = "opened" | { readonly code: number; readonly reason: string };
export type ToPage = { readonly text: string } | Notice;
export type ToWorker = Join | string | true | null;
