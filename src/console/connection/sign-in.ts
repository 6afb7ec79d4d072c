/** EFFECTS: how the page comes by a token, and what the token may read (A11). */
import type { Grant } from "./grant-words.ts";

/** The address that hands out tokens to this browser; null when there is none, or the relay does not say. */
export async function tokenUrlOfRelay(): Promise<string | null> {
  try {
    const { tokenUrl } = await read(await fetch("/console.json", { cache: "no-store" }));
    return typeof tokenUrl === "string" ? tokenUrl : null;
  } catch {
    return null;
  }
}

/** Asks that address, which knows the person by the browser's cookies. Throws when it gives none. */
export async function askToken(url: string): Promise<string> {
  const { token } = await read(await fetch(url, { credentials: "include", cache: "no-store" }));
  if (typeof token !== "string" || token === "") throw new Error("The answer holds no token.");
  return token;
}

/** Null when the relay does not say. */
export async function grantOf(token: string): Promise<Grant | null> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const { subjects, expires_at: until } = await read(await fetch("/v1/grant", { headers, cache: "no-store" }));
    if (!Array.isArray(subjects)) return null;
    return { subjects: subjects.map(String), untilMs: typeof until === "string" ? Date.parse(until) : null };
  } catch {
    return null;
  }
}

async function read(response: Response): Promise<Readonly<Record<string, unknown>>> {
  if (!response.ok) throw new Error(`The answer was ${response.status}.`);
  return Object(await response.json()) as Record<string, unknown>;
}
