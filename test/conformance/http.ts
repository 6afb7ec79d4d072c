import { once } from "node:events";
import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as requestTls } from "node:https";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A relay that is full says when to come back: so often, and so long after, it is asked again. */
export const MAX_RETRIES = 20;
export const BUSY_RETRY_MS = 1_000;
const TIMEOUT_MS = 15_000;

/** One HTTP request with exactly these headers, which fetch() would not let us choose. */
export async function ask(url: string, method: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const send = url.startsWith("https:") ? requestTls : request;
  const asked = send(url, { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS), agent: false });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** Sends `lines` as they are, ended by an empty line, and returns the head of the answer. A full relay is asked again. */
export async function askRaw(url: string, lines: readonly string[]): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const head = await exchange(url, lines);
    if (headerOf(head, "Retry-After") === undefined || attempt === MAX_RETRIES) return head;
    await setTimeout(BUSY_RETRY_MS);
  }
}

async function exchange(url: string, lines: readonly string[]): Promise<string> {
  const { hostname, port, protocol } = new URL(url);
  const socket =
    protocol === "https:" ? connectTls(Number(port || 443), hostname) : connect(Number(port || 80), hostname);
  socket.setEncoding("latin1");
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
  try {
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    let answer = "";
    for await (const chunk of socket) {
      answer += String(chunk);
      const end = answer.indexOf("\r\n\r\n");
      if (end >= 0) return answer.slice(0, end);
    }
    return answer;
  } finally {
    socket.destroy();
  }
}

/** Status code in the head of a raw answer; 0 when the connection ended without one. */
export function statusOf(head: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
}

/** Value of a header in the head of a raw answer, or undefined. */
export function headerOf(head: string, name: string): string | undefined {
  const line = head.split("\r\n").find((candidate) => candidate.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}
