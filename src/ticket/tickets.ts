/** EFFECTS: sells tickets, and checks them: signature, age, and whether what bought them is still accepted (H8, A10). */
import type { Config } from "../config/config.ts";
import { apiTokenIds } from "../grant/authenticate.ts";
import type { Grant } from "../grant/grant.ts";
import { isAccepted } from "../grant/standing.ts";
import { bytesToBase64Url } from "../protocol/base64url.ts";
import { systemRuntime } from "../shared/system-runtime.ts";
import { ticketKey } from "./ticket-key.ts";
import { decodeTicket, encodeTicket, newTicket, splitTicket, type Ticket } from "./ticket.ts";

const ID_BYTES = 16;

/** A new ticket and its text. Throws when its key cannot be reached. */
export async function sellTicket(
  keys: Env["TICKET_KEY"],
  config: Config,
  grant: Grant,
  subjects: readonly string[] | null,
): Promise<Ticket & { readonly text: string }> {
  const key = await ticketKey(keys, config, true);
  if (key === null) throw new Error("no key for tickets");
  const id = bytesToBase64Url(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  const ticket = newTicket(id, grant, subjects, systemRuntime.wallMs());
  const body = encodeTicket(ticket);
  return { ...ticket, text: `${body}.${await sign(body, key)}` };
}

/** The ticket that the text is; null when it is not good, or no longer. Whether it is spent, its object knows. */
export async function checkTicket(keys: Env["TICKET_KEY"], config: Config, text: string): Promise<Ticket | null> {
  const parts = splitTicket(text);
  const key = parts && (await ticketKey(keys, config, false));
  if (parts === null || key === null) return null;
  // Of one length: signatures that are written in another way do not even come here.
  if (!crypto.subtle.timingSafeEqual(bytes(parts.signature), bytes(await sign(parts.body, key)))) return null;
  const ticket = decodeTicket(parts.body);
  if (ticket === null || ticket.expiresAtMs <= systemRuntime.wallMs()) return null;
  const { id: grantId, mark } = ticket.grant;
  return isAccepted({ grantId, mark }, config, await apiTokenIds(config)) ? ticket : null;
}

async function sign(body: string, key: CryptoKey): Promise<string> {
  return bytesToBase64Url(new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(body))));
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
