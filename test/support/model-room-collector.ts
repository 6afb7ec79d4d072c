/** The garbage collector in the hands of the test: rooms of earlier runs must not share the isolate with this one. */
import { vi } from "vitest";

let generation = 0;

class ModelWeakRef<T extends object> {
  readonly #target: T;
  readonly #generation = generation;

  constructor(target: T) {
    this.#target = target;
  }

  deref(): T | undefined {
    return this.#generation === generation ? this.#target : undefined;
  }
}

/** Takes the place of WeakRef until `vi.unstubAllGlobals`. */
export function installCollector(): void {
  vi.stubGlobal("WeakRef", ModelWeakRef);
}

/** Everything that is only held weakly is gone. */
export function collectGarbage(): void {
  generation++;
}
