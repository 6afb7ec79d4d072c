/** The Worker's door as a browser meets it with a ticket. */
import { exports } from "cloudflare:workers";
import { expect } from "vitest";
import { TOKEN } from "../support/workerd.ts";

const ORIGIN = "https://relay.test";

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
export const AUTH = bearer(TOKEN);

export function buy(
  body: BodyInit | null = null,
  headers: Record<string, string> = AUTH,
  search = "",
): Promise<Response> {
  return exports.default.fetch(`${ORIGIN}/v1/tickets${search}`, { method: "POST", headers, body });
}

export async function ticket(subject?: string | string[], headers: Record<string, string> = AUTH): Promise<string> {
  const response = await buy(subject === undefined ? null : JSON.stringify({ subject }), headers);
  if (response.status !== 201) throw new Error(`No ticket: ${response.status} ${await response.text()}`);
  return (await response.json<{ readonly ticket: string }>()).ticket;
}

/** What a plain GET is told: 426 when all is in order. */
export async function told(search: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await exports.default.fetch(`${ORIGIN}/ws/events${search}`, { headers });
  await response.text();
  return response.status;
}

/** Upgrades and closes at once; there is no broker, and whoever comes in is told so. */
export async function upgrade(search: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await exports.default.fetch(`${ORIGIN}/ws/events${search}`, {
    headers: { upgrade: "websocket", ...headers },
  });
  expect([...response.headers.keys()].filter((name) => name.startsWith("relay-"))).toEqual([]);
  response.webSocket?.accept();
  response.webSocket?.close(1000);
  return response.status;
}

/** The answer to an upgrade. */
export function knock(search: string): Promise<Response> {
  return exports.default.fetch(`${ORIGIN}/ws/events${search}`, { headers: { upgrade: "websocket" } });
}
