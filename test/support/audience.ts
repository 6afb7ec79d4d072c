import { expect } from "vitest";
import type { Follower } from "./wire/follower.ts";
import { lagSince } from "./lag.ts";
import type { World } from "./world.ts";

/** No beat was missed: the promise is 1.5 periods, two would be a beat that never came (W8). */
const MAX_SILENCE_MS = 1_850;

/** Live clients of both versions on one subject, and what they must have been sent. For heartbeats each second. */
export class Audience {
  readonly world: World;
  readonly subject: string;
  readonly followers: readonly Follower[];
  readonly expected: number[] = [];
  readonly #sinceMs = Date.now();

  private constructor(world: World, subject: string, followers: readonly Follower[]) {
    this.world = world;
    this.subject = subject;
    this.followers = followers;
  }

  static async gather(world: World, subject: string, size = 4): Promise<Audience> {
    return new Audience(world, subject, await world.joinMany(size, subject));
  }

  /** Publishes, waits for the broker's acknowledgements and for nothing else. */
  async publish(count: number): Promise<void> {
    const last = await this.world.publishMany(this.subject, count);
    for (let seq = last - count + 1; seq <= last; seq++) this.expected.push(seq);
  }

  /** Resolves when everybody has everything that was published. */
  async hasAll(timeoutMs = 20_000): Promise<void> {
    const last = this.expected.at(-1) ?? 0;
    await Promise.all(this.followers.map((follower) => follower.reaches(last, timeoutMs)));
  }

  /** Nothing lost, repeated or reordered, nobody closed, and never silence (W2, W8, W12). */
  expectUnharmed(): void {
    for (const follower of this.followers) {
      expect(follower.socket.isClosed, String(follower)).toBe(false);
      expect(follower.faults, String(follower)).toEqual([]);
      expect(follower.seqs, String(follower)).toEqual(this.expected);
      expect(follower.silenceMs(this.#sinceMs), `silence of ${String(follower)}`).toBeLessThan(
        MAX_SILENCE_MS + lagSince(this.#sinceMs),
      );
    }
  }
}
