/** Pretty-prints JSON as text, token by token. It never parses a number, so 2^53 + 1 stays what was sent (W1). */

export interface Token {
  readonly kind: "key" | "string" | "number" | "word" | "mark" | "space" | "cut";
  readonly text: string;
}

const MARKS = "{}[]:,";
const SPACES = " \t\r\n";
const ENDS_WORD = `${MARKS}${SPACES}"`;
const INDENT = "  ";
/** Deeper levels keep the indent of this one: nesting is the sender's to choose, our memory is not. */
const MAX_INDENT_LEVEL = 40;

/** What is shown must be shown at once, whatever the event: each line, element and character costs the browser time. */
const MAX_LINES = 5_000;
const MAX_CHARS = 100_000;
const CUT: Token = { kind: "cut", text: "…" };

/** As much of it as a page can show, from the beginning; a cut stands where the rest is left out. */
export function prettyTokens(json: string): Token[] {
  const shown: Token[] = [];
  let lines = 0;
  let chars = 0;
  for (const token of tokensOf(json)) {
    if (token.text.startsWith("\n")) lines++;
    const text = token.text.slice(0, lines < MAX_LINES ? MAX_CHARS - chars : 0);
    if (text !== "") shown.push({ ...token, text });
    if (text !== token.text) return [...shown, CUT];
    chars += text.length;
  }
  return shown;
}

/** All of it. */
export function prettyText(json: string): string {
  const texts: string[] = [];
  for (const { text } of tokensOf(json)) texts.push(text);
  return texts.join("");
}

function* tokensOf(json: string): Generator<Token, void, undefined> {
  const parts = partsOf(json);
  let level = 0;
  const lineBreak = (): Token => ({ kind: "space", text: `\n${INDENT.repeat(Math.min(level, MAX_INDENT_LEVEL))}` });
  let part = next(parts);
  while (part !== undefined) {
    let following = next(parts);
    if (part === "{" || part === "[") {
      const close = part === "{" ? "}" : "]";
      if (following === close) {
        yield { kind: "mark", text: part + close };
        following = next(parts);
      } else {
        yield { kind: "mark", text: part };
        level++;
        yield lineBreak();
      }
    } else if (part === "}" || part === "]") {
      level = Math.max(0, level - 1);
      yield lineBreak();
      yield { kind: "mark", text: part };
    } else if (part === ",") {
      yield { kind: "mark", text: part };
      yield lineBreak();
    } else if (part === ":") {
      yield { kind: "mark", text: part };
      yield { kind: "space", text: " " };
    } else {
      yield { kind: following === ":" ? "key" : kindOf(part), text: part };
    }
    part = following;
  }
}

const next = (parts: Iterator<string, void>): string | undefined => parts.next().value ?? undefined;

/** By hand: a regular expression overflows the stack on a string of megabytes with escapes in it. */
function* partsOf(json: string): Generator<string, void, undefined> {
  for (let at = 0; at < json.length;) {
    const start = at;
    const char = json.charAt(at++);
    if (SPACES.includes(char)) continue;
    if (char === '"') {
      while (at < json.length && json.charAt(at) !== '"') at += json.charAt(at) === "\\" ? 2 : 1;
      at++;
    } else if (!MARKS.includes(char)) {
      while (at < json.length && !ENDS_WORD.includes(json.charAt(at))) at++;
    }
    yield json.slice(start, at);
  }
}

function kindOf(part: string): Token["kind"] {
  if (part.startsWith('"')) return "string";
  return /^-?\d/.test(part) ? "number" : "word";
}
