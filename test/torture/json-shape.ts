/** What a JSON text looks like that a parser does not tell: how deep it is, and members that are given twice. Pure. */
import { stringEnd } from "../support/wire/envelopes.ts";

export interface Shape {
  /** Arrays and objects within each other, the outermost being 1; 0 for anything else. */
  readonly depth: number;
  /** Every string that the outermost object has as its `type`. */
  readonly types: readonly string[];
}

const BEFORE_COLON = /[ \t\r\n]*:/y;

/** `text` must be valid JSON. */
export function shapeOf(text: string): Shape {
  const types: string[] = [];
  let name: unknown = null;
  let open = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "[" || character === "{") {
      open += 1;
      depth = Math.max(depth, open);
    } else if (character === "]" || character === "}") open -= 1;
    else if (character === '"') {
      const end = stringEnd(text, at) + 1;
      if (open === 1) {
        const string = JSON.parse(text.slice(at, end)) as string;
        BEFORE_COLON.lastIndex = end;
        if (BEFORE_COLON.test(text)) name = string;
        else if (name === "type") types.push(string);
      }
      at = end - 1;
    }
  }
  return { depth, types };
}
