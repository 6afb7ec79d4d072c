/** Markdown tables, and numbers short enough for them. Pure. */
import type { Spread } from "./stats.ts";

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Columns padded to one width, so that the source reads like the page. */
export function markdown({ head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((cells) => (cells[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** Three significant digits, thousands as k and millions as M: `1.25`, `47.1k`, `3`. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "n/a";
  const size = Math.abs(value);
  if (size >= 999_500) return `${significant(value / 1e6)}M`;
  if (size >= 9_995) return `${significant(value / 1e3)}k`;
  return significant(value);
}

function significant(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** `47.1k (46k–48.2k)`; a single round has no range. */
export function ranged({ median, min, max }: Spread): string {
  return min === max ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

/** `2.3 x`, of two medians. */
export function times(value: number, base: number): string {
  const ratio = value / base;
  return Number.isFinite(ratio) ? `${short(ratio)} x` : "n/a";
}

/** Bytes in binary units. */
export function bytes(value: number): string {
  if (Math.abs(value) >= 1024 ** 3) return `${short(value / 1024 ** 3)} GiB`;
  if (Math.abs(value) >= 1024 ** 2) return `${short(value / 1024 ** 2)} MiB`;
  if (Math.abs(value) >= 1024) return `${short(value / 1024)} KiB`;
  return `${short(value)} B`;
}
