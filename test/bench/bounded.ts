/** Waits for `work`, but not for ever, and not past an interruption. What `work` does later is ignored. */
export async function bounded<T>(what: string, work: Promise<T>, limitMs: number, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} took longer than ${limitMs / 1_000} s.`)), limitMs);
  const stop = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", stop);
  work.catch(() => {});
  try {
    signal.throwIfAborted();
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
