/**
 * EFFECTS: the Durable Object of one ticket that was spent (H8). There is one of its name in the world, so a ticket is spent once
 * whatever room, shard or region it was brought to.
 */
import { DurableObject } from "cloudflare:workers";
import { systemRuntime } from "../shared/system-runtime.ts";

const NAME = "claim";

export class SpentTicket extends DurableObject<Env> {
  /**
   * Whether the ticket is spent by this, or was by the same claim: a join that is tried again is the same. Past `untilMs` it may be
   * forgotten that it was spent, so nobody spends it.
   */
  spend(claim: string, untilMs: number): boolean {
    if (systemRuntime.wallMs() >= untilMs) return false;
    const spentBy = this.ctx.storage.kv.get<string>(NAME);
    if (spentBy !== undefined) return spentBy === claim;
    this.ctx.storage.kv.put(NAME, claim);
    void this.ctx.storage.setAlarm(untilMs);
    return true;
  }

  /** Nobody can use the ticket any more: nothing is kept of it. */
  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }
}
