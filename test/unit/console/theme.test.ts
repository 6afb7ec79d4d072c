import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("../../../src/console/theme.css", import.meta.url), "utf8");
const [light = "", dark = ""] = css.split("@media (prefers-color-scheme: dark)");
const TEXT_RATIO = 4.5;
/** Of the edge of a field or button. */
const EDGE_RATIO = 3;

type Theme = ReadonlyMap<string, string>;

const themeOf = (block: string): Theme =>
  new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name = "", value = ""]) => [name, value]));

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ratio(theme: Theme, one: string, other: string): number {
  const [a = 0, b = 0] = [one, other].map((name) => luminance(theme.get(name) ?? "")).toSorted((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

const GROUNDS = ["ground", "surface", "sunken"];
const TEXTS = ["ink", "ink-2", "ink-3", "accent", "string", "number", "word", "red", "amber", "green"];
const PAIRS = [
  ...TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)),
  ...["ink", "ink-2", "ink-3", "accent"].map((text) => [text, "accent-wash"] as const),
  ...["green", "amber", "red"].map((text) => [text, `${text}-wash`] as const),
  ["accent-ink", "accent"] as const,
];

test.each([
  ["light", light],
  ["dark", dark],
])("every text of the %s theme stands out from what is behind it", (_, block) => {
  const theme = themeOf(block);
  const faint = PAIRS.filter(([text, ground]) => !(ratio(theme, text, ground) >= TEXT_RATIO));
  expect(faint).toEqual([]);
  expect(GROUNDS.filter((ground) => !(ratio(theme, "line-strong", ground) >= EDGE_RATIO))).toEqual([]);
});
