/** The results as a page, and the few lines of it that docs/bench.md shows. Pure. */
import type { Claim, Section } from "./section.ts";
import { markdown, type Table } from "./table.ts";

export interface Results {
  readonly machine: Table;
  readonly command: string;
  readonly rounds: number;
  readonly sections: readonly Section[];
}

export function page({ machine, command, rounds, sections }: Results): string {
  const parts = [
    "# Benchmark results",
    `\`${command}\`; rounds: ${rounds}. Both sides of every comparison ran in turn, in one run on one machine. A number is the median of the rounds, with the lowest and the highest in parentheses. The numbers belong to this machine; what is claimed is their ratio.`,
    markdown(machine),
    ...sections.flatMap(({ title, notes, tables }) => [`## ${title}`, ...notes, ...tables.map(markdown)]),
    "## In short",
    claimsOf(sections, () => true),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** For docs/bench.md. */
export const summary = (sections: readonly Section[]): string =>
  claimsOf(sections, ({ inSummary = false }) => inSummary);

function claimsOf(sections: readonly Section[], wanted: (claim: Claim) => boolean): string {
  const rows = sections.flatMap(({ claims }) => claims.filter(wanted).map(cells));
  return markdown({ head: ["what", "relay", "against", "ratio"], rows });
}

function cells({ what, relay, other, ratio }: Claim): string[] {
  return [what, relay, other, ratio];
}
