/** DOOR: a copy of everything that a broker holds, taken and put back while it is stopped, as an operator does it. */
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Rig } from "./rig.ts";

export class Backup {
  readonly #rig: Rig;

  private constructor(rig: Rig) {
    this.#rig = rig;
  }

  /** Of the broker as it is now; a rig has one backup, and the latest replaces the others. */
  static async take(rig: Rig): Promise<Backup> {
    const backup = new Backup(rig);
    await rig.act("stop");
    await rm(backup.#copy, { recursive: true, force: true });
    await cp(backup.#store, backup.#copy, { recursive: true });
    await rig.act("start");
    return backup;
  }

  /** The broker comes back with what it held then, and with nothing since. */
  async restore(): Promise<void> {
    await this.#rig.act("stop");
    await rm(this.#store, { recursive: true });
    await cp(this.#copy, this.#store, { recursive: true });
    await this.#rig.act("start");
  }

  get #store(): string {
    return join(this.#rig.server.dir, "jetstream");
  }

  get #copy(): string {
    return join(this.#rig.server.dir, "backup");
  }
}
