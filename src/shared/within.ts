import type { Runtime } from "./runtime.ts";

/** What `work` comes to, or a rejection after so many milliseconds: `work` itself goes on, unheard. */
export async function within<T>(runtime: Pick<Runtime, "timer">, ms: number, work: Promise<T>): Promise<T> {
  const timer = runtime.timer();
  try {
    return await Promise.race([
      work,
      new Promise<never>((_resolve, reject) => timer.arm(ms, () => reject(new Error(`no answer within ${ms} ms`)))),
    ]);
  } finally {
    timer.clear();
  }
}
