/** Does `step` again and again until it is disposed of, which waits for the last one. */
export class Flow implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(step: () => Promise<void>) {
    this.#done = this.#run(step);
    this.#done.catch(() => {});
  }

  async #run(step: () => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted) await step();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}
