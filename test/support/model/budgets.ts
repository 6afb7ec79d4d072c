/** What a v1 client may be sent unproven, by how many there are (B5); written again, so that the room is not its own judge. */
import { V1 } from "../../../src/protocol/subprotocol.ts";
import type { FanoutWorld } from "./fanout.ts";

const MIB = 1024 * 1024;

/** `more`: were there so many more of them. */
export function v1BudgetBytes({ fanout, setup }: FanoutWorld, more: number): number {
  const count = [...fanout.sessions].filter(({ protocol }) => protocol === V1).length;
  return Math.max(4 * MIB, Math.floor(setup.maxUnprovenBytes / Math.max(1, count + more)));
}
