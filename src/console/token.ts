/** Door: the token's place on this device; in memory only unless the user asks to keep it. Never in an address. */

const KEY = "cellos-relay.token";

/** Storage throws where the browser forbids it; then nothing is remembered, and the page still works. */
export function recallToken(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function keepToken(token: string | null): void {
  try {
    if (token === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, token);
  } catch {
    return;
  }
}
