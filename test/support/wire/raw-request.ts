import { connect } from "node:net";

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** How many answers came on the connection. */
  readonly answers: number;
}

/** A header as it goes on the wire: no library mends it, joins it or refuses it. */
export type RawHeader = readonly [name: string, value: string];

/**
 * Sends a GET byte for byte, each character one byte, and reads what comes until the server closes. `rest` follows the
 * head.
 */
export async function rawGet(
  base: string,
  target: string,
  headers: readonly RawHeader[] = [],
  rest = "",
): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(base);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines.join("")}Connection: close\r\n\r\n${rest}`;
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("close", () => resolve());
  socket.on("error", reject);
  socket.setTimeout(10_000, () => socket.destroy(new Error(`no end of the answer to GET ${target.slice(0, 80)}`)));
  socket.write(Buffer.from(text, "latin1"));
  await promise;
  const answer = Buffer.concat(chunks).toString("latin1");
  const [head = "", body = ""] = answer.split("\r\n\r\n", 2);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  return { status, head, body, answers: answer.match(/^HTTP\/1\.1 \d{3} /gm)?.length ?? 0 };
}
