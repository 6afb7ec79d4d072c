/** Reads a stream back as bytes: the library's own reader of headers throws at what producers may send. */
import type { NatsConnection } from "nats.ws";
import { until } from "../support/until.ts";
import type { Content } from "./kind.ts";

export interface Stored extends Content {
  readonly seq: number;
  readonly subject: string;
}

interface Answer {
  readonly error?: { readonly code: number; readonly description: string };
  readonly message?: { readonly seq: number; readonly subject: string; readonly hdrs?: string; readonly data?: string };
}

const IN_FLIGHT = 100;
const TIMEOUT_MS = 20_000;
const NOT_FOUND = 404;
const UNAVAILABLE = 503;

/** Every message that the stream holds from `first` to `last`, in order. */
export async function readStream(
  connection: NatsConnection,
  stream: string,
  first: number,
  last: number,
  onMessage: (stored: Stored) => void,
): Promise<void> {
  // An empty stream begins at 0, where no message is.
  for (let from = Math.max(1, first); from <= last; from += IN_FLIGHT) {
    const seqs = Array.from({ length: Math.min(IN_FLIGHT, last - from + 1) }, (_, index) => from + index);
    for (const stored of await Promise.all(seqs.map((seq) => readOne(connection, stream, seq)))) {
      if (stored !== null) onMessage(stored);
    }
  }
}

/** Null when it is not there any more. A cluster may have no leader just then. */
async function readOne(connection: NatsConnection, stream: string, seq: number): Promise<Stored | null> {
  const ask = async (): Promise<Answer | null> => {
    const subject = `$JS.API.STREAM.MSG.GET.${stream}`;
    const reply = await connection.request(subject, JSON.stringify({ seq }), { timeout: TIMEOUT_MS }).catch(() => null);
    const answer = reply?.json<Answer>();
    return answer === undefined || answer.error?.code === UNAVAILABLE ? null : answer;
  };
  const { error, message } = await until(`the broker tells of ${seq}`, ask, TIMEOUT_MS);
  if (error?.code === NOT_FOUND) return null;
  if (message === undefined) throw new Error(`The broker does not give ${seq} back: ${error?.description}.`);
  const { subject, hdrs, data = "" } = message;
  const block = hdrs === undefined ? null : Buffer.from(hdrs, "base64");
  return { seq: message.seq, subject, block, payload: Buffer.from(data, "base64") };
}
