/** Whether a stream is still the one that a room has read, told by one message that the room remembers (W6, P8). */
import type { BrokerConnection } from "./connection.ts";
import { messageGetSubject, parseMessageTime, UpstreamError, type Landmark } from "./jetstream-api.ts";

const TIMEOUT_MS = 5_000;

/** What became of what is remembered: it is there, something else is in its place, or it is gone. */
export type Seen = "same" | "other" | "unknown";

/**
 * Looks for the first of `landmarks` that is still there. `onRefused` is told why, when the broker lets nobody ask: then
 * it is unknown. Throws UpstreamError when there is no answer.
 */
export async function lookFor(
  landmarks: readonly Landmark[],
  { connection, stream }: { readonly connection: BrokerConnection; readonly stream: string },
  onRefused: (why: string) => void,
): Promise<Seen> {
  const subject = messageGetSubject(stream);
  for (const { seq, time } of landmarks) {
    try {
      const found = parseMessageTime(await connection.request(subject, { seq }, TIMEOUT_MS));
      if (found !== null) return found === time ? "same" : "other";
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (error.verdict !== "refused") throw error;
      onRefused(error.message);
      return "unknown";
    }
  }
  return "unknown";
}
