/** Whether the broker can be reached and has the stream, for `/readyz` (H9). */
import type { Config } from "../config/config.ts";
import { parseStreamInfo, streamInfoSubject, UpstreamError } from "./jetstream-api.ts";
import { unservedReason } from "./stream-shape.ts";
import type { OpenConnection } from "./connection.ts";

const TIMEOUT_MS = 4_000;

/** Opens a connection, asks for the stream and closes again. The problem names no address and no credential. */
export async function probeBroker(
  config: Config,
  openConnection: OpenConnection,
): Promise<{ ok: true } | { ok: false; problem: string }> {
  if (config.nats === null) return { ok: false, problem: "NATS_URL is not set" };
  try {
    const connection = await openConnection(config.nats, "cellos-relay readyz", () => {});
    try {
      const answer = await connection.request(streamInfoSubject(config.stream), null, TIMEOUT_MS);
      const problem = unservedReason(parseStreamInfo(answer).shape);
      return problem === null ? { ok: true } : { ok: false, problem };
    } finally {
      connection.close();
    }
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    if (error.streamMissing) return { ok: false, problem: "The stream named by NATS_STREAM does not exist" };
    return {
      ok: false,
      problem: error.verdict === "refused" ? "The broker refuses the relay" : "The broker does not answer",
    };
  }
}
