/**
 * Ids of rules (`W5`) and of facts about the platform (`DO-3`): where they are defined, cited and proven. Pure.
 *
 * An id is a citation wherever it stands as a word of its own: in comments, strings, titles and documents, and in code too.
 * `V1` and `V2` are constants of the code as well; since both are rules, that cites nothing that is missing. What proves a
 * rule is the title of a test alone. Not ids: parts of percent-encoding (`%C3`), of colours (`#B1`) and of ranges of
 * letters (`A-Z2`), and the TERMS of the field that look like a fact.
 */
export interface Definition {
  readonly id: string;
  /** Everything below its heading. */
  readonly text: string;
}

const RULE = /^(?:[ABHOPUVWZ]\d+|C)$/;
const FACT = /^[A-Z]{2,6}-\d+$/;
const CITED = /(?<![\w%#])(?<![A-Za-z]-)(?:[ABCHOPUVWZ]\d{1,2}|[A-Z]{2,6}-\d+)(?!\w)/g;
const TERMS = new Set(["CESU", "CRC", "SHA", "UTF"]);

/** `### W5 Its title`, and what follows up to the next heading. */
export function definitionsOf(markdown: string): Definition[] {
  const sections = markdown.split(/^(?=#{1,4} )/m);
  return sections.flatMap((section) => {
    const [, id, text = ""] = /^#{2,4} (\S+) [^\n]*\n([^]*)/.exec(section) ?? [];
    return id !== undefined && (RULE.test(id) || FACT.test(id)) ? [{ id, text }] : [];
  });
}

/** Every id that a text names, as often as it does, each with its line. */
export function citationsOf(text: string): { readonly id: string; readonly line: number }[] {
  return text
    .split("\n")
    .flatMap((line, index) => Array.from(line.matchAll(CITED), ([id]) => ({ id, line: index + 1 })))
    .filter(({ id }) => !TERMS.has(id.split("-")[0] ?? ""));
}

const TITLE = /["'`]((?:\[[^\]\n]+\] ?)+)/g;
const TITLE_ID = /^(?:[A-Z]\d*|[A-Z]{2,6}-\d+)$/;
const CHECK = /\brule\(\s*"([A-Z]\d*)"/g;

/** The ids that the titles of a test file begin with, `[W3] [W5] …` or `[W3, W5] …`; of a conformance check its own. */
export function provenBy(source: string): string[] {
  const titles = Array.from(source.matchAll(TITLE), ([, ids = ""]) => ids.split(/[[\], ]+/));
  const checks = Array.from(source.matchAll(CHECK), ([, id = ""]) => id);
  return [...titles.flat().filter((id) => TITLE_ID.test(id)), ...checks];
}
