/** Links and headings of Markdown as GitHub reads them, as far as this repository writes it. Pure. */
import { posix } from "node:path";

export interface Link {
  readonly line: number;
  readonly target: string;
}

const LINKS = [
  // The end of [text](target "title") and of ![text](target): also where one stands inside the other.
  /\]\(\s*(<[^>\n]*>|[^\s()]*)(?:\s+"[^"]*")?\s*\)/g,
  /^ {0,3}\[[^\]\n]+\]:\s*(\S+)/gm,
  /\b(?:href|src)="([^"]*)"/g,
  /<([a-z][a-z0-9+.-]*:[^\s>]*)>/gi,
];

/** Every target that a document names, in the order of its lines. */
export function linksOf(markdown: string): Link[] {
  const prose = withoutCode(markdown);
  return LINKS.flatMap((pattern) => [...prose.matchAll(pattern)])
    .map(({ index, 1: target = "" }) => ({
      line: prose.slice(0, index).split("\n").length,
      target: target.replace(/^<(.*)>$/, "$1"),
    }))
    .toSorted((a, b) => a.line - b.line);
}

/** What may stand behind the # of a link to this document. */
export function anchorsOf(markdown: string): Set<string> {
  const prose = withoutFences(markdown);
  const anchors = new Set([...prose.matchAll(/\b(?:id|name)="([^"]+)"/g)].map(([, name = ""]) => name));
  for (const [, text = ""] of prose.matchAll(/^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$/gm)) {
    const slug = slugOf(text);
    let name = slug;
    for (let n = 1; anchors.has(name); n++) name = `${slug}-${n}`;
    anchors.add(name);
  }
  return anchors;
}

/** GitHub's name for a heading. */
function slugOf(heading: string): string {
  const text = heading.replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/<[^>]*>/g, "");
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");
}

/**
 * A sentence for each link that leads nowhere. `documents`: path and text of every Markdown file; `exists`: whether the
 * repository has a file or folder of that path.
 */
export function brokenLinks(documents: ReadonlyMap<string, string>, exists: (path: string) => boolean): string[] {
  return [...documents].flatMap(([file, text]) =>
    linksOf(text).flatMap(({ line, target }) => {
      const fault = faultOf(file, target, documents, exists);
      return fault === null ? [] : [`${file}:${line} ${target}: ${fault}`];
    }),
  );
}

function faultOf(
  file: string,
  target: string,
  documents: ReadonlyMap<string, string>,
  exists: (path: string) => boolean,
): string | null {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) {
    return target.startsWith("https://") && URL.canParse(target) ? null : "not an https address";
  }
  if (target === "" || target.startsWith("/")) return "not a relative path";
  const [path = "", anchor] = target.split("#");
  const found = path === "" ? file : posix.join(posix.dirname(file), decodeURIComponent(path)).replace(/\/$/, "");
  if (found.startsWith("..") || !exists(found)) return "no such file";
  if (anchor === undefined) return null;
  const document = documents.get(found);
  // A number of a line is wrong with the next change of the file.
  if (document === undefined) return "only a heading of a document can be named";
  return anchorsOf(document).has(decodeURIComponent(anchor)) ? null : "no such heading";
}

/** Code and comments are blanked and not cut out, so that lines keep their numbers. */
function withoutCode(markdown: string): string {
  return withoutFences(markdown).replaceAll(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, blank);
}

function withoutFences(markdown: string): string {
  return markdown
    .replaceAll(/^ *(```+|~~~+).*\n(?:.*\n)*? *\1[`~]*[ \t]*$/gm, blank)
    .replaceAll(/<!--[^]*?-->/g, blank);
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, " ");
