const EVERY_MS = 15;

/** Polls until `condition` returns something truthy, and returns that; fails with `what` when time is up. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + timeoutMs;
  let last: T;
  do {
    last = await condition();
    if (last) return last as Exclude<T, false | null | undefined>;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  } while (Date.now() < deadline);
  throw new Error(`Not within ${timeoutMs} ms: ${what} (last: ${JSON.stringify(last)})`);
}
