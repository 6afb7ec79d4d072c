/** DOOR: what the page knows about itself. In a worker or in Node there is no document, and nobody is hidden. */
export const isHidden = (): boolean => globalThis.document?.visibilityState === "hidden";

/** Calls when the network is back or the page becomes visible; returns how to stop. */
export function onWake(run: () => void): () => void {
  const onVisibility = (): void => {
    if (!isHidden()) run();
  };
  globalThis.addEventListener?.("online", run);
  globalThis.document?.addEventListener("visibilitychange", onVisibility);
  return () => {
    globalThis.removeEventListener?.("online", run);
    globalThis.document?.removeEventListener("visibilitychange", onVisibility);
  };
}
