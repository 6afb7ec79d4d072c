import type { Runtime } from "../shared/runtime.ts";

/**
 * Asks, and asks again after each of `afterMs` (milliseconds from now) as long as there is no answer. Settles as the
 * first question does that is answered or fails; an answer that comes later is given to `discard`.
 */
export function hedge<T>(
  runtime: Runtime,
  ask: () => Promise<T>,
  afterMs: readonly number[],
  discard: (late: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const timers = afterMs.map(() => runtime.timer());
    const settle = (): void => {
      isSettled = true;
      for (const timer of timers) timer.clear();
    };
    const start = (): void =>
      void ask().then(
        (answer) => {
          if (isSettled) return discard(answer);
          settle();
          resolve(answer);
        },
        (error: unknown) => {
          settle();
          reject(error);
        },
      );
    for (const [index, timer] of timers.entries()) timer.arm(afterMs[index] ?? 0, start);
    start();
  });
}
