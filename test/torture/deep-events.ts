/** Events nested as deep as allowed, and deeper (W17): 128 arrays and objects, the event itself being the first. */
import { bare, delivered, dropped, eventText, type Kind, type Kinds } from "./kind.ts";

export const MAX_DEPTH = 128;

/** `levels` arrays around something. */
export function arrays(levels: number, inner = ""): string {
  return `${"[".repeat(levels)}${inner}${"]".repeat(levels)}`;
}

function objects(levels: number, inner = "1.5"): string {
  return `${'{"a":'.repeat(levels)}${inner}${"}".repeat(levels)}`;
}

/** `make` is told how deep the data may be. */
function deep(name: string, make: (levels: number, n: number) => string): [Kind, Kind] {
  return [
    delivered(`depth: ${name}, ${MAX_DEPTH}`, (n) => bare(make(MAX_DEPTH - 1, n))),
    dropped(`depth: ${name}, ${MAX_DEPTH + 1}`, (n) => bare(make(MAX_DEPTH, n))),
  ];
}

export const DEEP_KINDS: Kinds = [
  ...deep("arrays", (levels, n) => eventText(n, arrays(levels))),
  ...deep("objects", (levels, n) => eventText(n, objects(levels, `${n}`))),
  ...deep("both, with white space", (levels, n) =>
    eventText(n, `\n\t${'[ {"a" : '.repeat(levels / 2)}${arrays(levels % 2, ` ${n} `)}${"} ]\r\n".repeat(levels / 2)}`),
  ),
  ...deep("no object", (levels) => arrays(levels + 1, '"x"')),
  // A parser that keeps the last of them never sees the first.
  ...deep("a member that is given again", (levels, n) => eventText(n, `${arrays(levels)},"data":${n}`)),
  ...deep("brackets in strings", (levels, n) =>
    eventText(n, arrays(levels, `"${"[{".repeat(200)}","\\"[[[[","\\\\","}]"`)),
  ),
  dropped("depth: a thousand", (n, random) => bare(eventText(n, arrays(random.between(500, 2_000), "1.5")))),
  delivered("depth: two, a thousand times", (n) => bare(eventText(n, `[${'[],{},["]"],'.repeat(1_000)}${n}]`))),
];
