/** EFFECTS: what the page knows about itself. In a worker or in Node there is no document, and nobody is hidden. */
export const isHidden = (): boolean => globalThis.document?.visibilityState === "hidden";

/** Calls when the network is back or the page becomes visible; returns how to stop. */
export function onWake(run: () => void): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  globalThis.addEventListener?.("online", run, { signal });
  globalThis.document?.addEventListener("visibilitychange", () => isHidden() || run(), { signal });
  return () => listening.abort();
}

/** The address that paths are relative to; undefined where there is no page. */
export const pageAddress = (): string | undefined => globalThis.location?.href;
