/**
 * Splits the text of an events frame into its items, for a frame that cannot be parsed as a whole (W17). Without recursion.
 *
 * Brackets that match tell where an item ends. In an item that is no JSON one may close what is not open: such an item ends where the next
 * begins, or with the frame. In a text that was only cut off no bracket does, so that is no frame.
 */
import { BACKSLASH, COMMA, LIST_END, OBJECT_END, OBJECT_START, QUOTE } from "../../protocol/json-characters.ts";

export interface SplitFrame {
  /** The frame with an empty list; or a text that is no JSON. */
  readonly envelope: string;
  readonly items: readonly string[];
}

/** The bit by which `[` differs from `{`, and `]` from `}`. */
const SHAPE = 0x20;

const ITEM_END = /\}\s*(?:,\s*\{\s*"seq"\s*:|\]\s*\}\s*$)/g;
/** Behind each item whose brackets do not match the text is read again, and so often at most: as many items as a frame holds (V7). */
const MAX_PASSES = 256;

export function splitFrame(text: string): SplitFrame {
  const items: string[] = [];
  /** What closes the arrays and objects that are open: 1 is the frame, 2 its list, 3 an item. */
  let closers: number[] = [];
  /** Where the list begins and ends; inside of it, `tail` is still below `head`. */
  let head = 0;
  let tail = 0;
  let itemStart = 0;
  let readChars = 0;
  for (let at = 0; at < text.length; at++) {
    let code = text.charCodeAt(at);
    let isBroken = false;
    if (code === QUOTE) {
      for (at++; at < text.length && (code = text.charCodeAt(at)) !== QUOTE; at++) if (code === BACKSLASH) at++;
      isBroken = at >= text.length;
    } else if (code === COMMA && closers.length === 2 && head > tail) {
      items.push(text.slice(itemStart, at));
      itemStart = at + 1;
    } else if ((code | SHAPE) === OBJECT_START) {
      const depth = closers.push(code + 2);
      if (depth === 2 && text.slice(0, at).trimEnd().endsWith('"events":')) head = itemStart = at + 1;
    } else if ((code | SHAPE) === OBJECT_END) {
      isBroken = closers.pop() !== code;
      if (closers.length === 1 && head > tail) items.push(text.slice(itemStart, (tail = at)));
    }
    if (!isBroken) continue;
    readChars += at - itemStart;
    ITEM_END.lastIndex = itemStart;
    const end = head > 0 && readChars < text.length * MAX_PASSES ? ITEM_END.exec(text) : null;
    if (end === null) break;
    if (tail >= head) items.pop();
    at = end.index;
    tail = 0;
    closers = [OBJECT_END, LIST_END];
  }
  return { envelope: text.slice(0, head) + text.slice(tail), items };
}
