/** What a v2 client sends to replace its credential (V8). */

/** The token of such a frame, empty when it has none; null when the text is another message. */
export function readAuthFrame(text: string): string | null {
  if (!text.includes('"auth"')) return null;
  try {
    const { type, token } = Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
    if (type !== "auth") return null;
    return typeof token === "string" ? token : "";
  } catch {
    return null;
  }
}
