/** Pretty-prints JSON as text, token by token. It never parses a number, so 2^53 + 1 stays what was sent (W1). */

export interface Token {
  readonly kind: "key" | "string" | "number" | "word" | "mark" | "space";
  readonly text: string;
}

const MARKS = "{}[]:,";
const SPACES = " \t\r\n";
const ENDS_WORD = `${MARKS}${SPACES}"`;
const INDENT = "  ";
/** Deeper levels keep the indent of this one: nesting is the sender's to choose, our memory is not. */
const MAX_INDENT_LEVEL = 40;

export function prettyTokens(json: string): Token[] {
  const out: Token[] = [];
  const parts = split(json);
  let level = 0;
  const breakLine = (): void => {
    out.push({ kind: "space", text: `\n${INDENT.repeat(Math.min(level, MAX_INDENT_LEVEL))}` });
  };
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] ?? "";
    const next = parts[at + 1];
    if (part === "{" || part === "[") {
      const close = part === "{" ? "}" : "]";
      if (next === close) {
        out.push({ kind: "mark", text: part + close });
        at++;
      } else {
        out.push({ kind: "mark", text: part });
        level++;
        breakLine();
      }
    } else if (part === "}" || part === "]") {
      level = Math.max(0, level - 1);
      breakLine();
      out.push({ kind: "mark", text: part });
    } else if (part === ",") {
      out.push({ kind: "mark", text: part });
      breakLine();
    } else if (part === ":") {
      out.push({ kind: "mark", text: part }, { kind: "space", text: " " });
    } else {
      out.push({ kind: next === ":" ? "key" : kindOf(part), text: part });
    }
  }
  return out;
}

export const prettyText = (json: string): string =>
  prettyTokens(json)
    .map((token) => token.text)
    .join("");

/** By hand: a regular expression overflows the stack on a string of megabytes with escapes in it. */
function split(json: string): string[] {
  const parts: string[] = [];
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
    parts.push(json.slice(start, at));
  }
  return parts;
}

function kindOf(part: string): Token["kind"] {
  if (part.startsWith('"')) return "string";
  return /^-?\d/.test(part) ? "number" : "word";
}
