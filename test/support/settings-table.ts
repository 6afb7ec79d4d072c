/** The table of docs/settings.md. `npm run settings` writes it there. */
import { readFileSync, writeFileSync } from "node:fs";
import { SETTINGS, type Setting } from "../../src/config/config.ts";

const DOCUMENT = new URL("../../docs/settings.md", import.meta.url);

export const SETTINGS_HEAD = ["Setting", "Value", "Default", "Meaning"];

/** The cells of each row, in the order of the table. */
export function settingsRows(): string[][] {
  return SETTINGS.map((setting) => [`\`${setting.name}\``, valueOf(setting), defaultOf(setting), setting.doc]);
}

function valueOf({ unit, must }: Setting): string {
  return unit === "secret" ? `secret; ${must}` : must;
}

function defaultOf(setting: Setting): string {
  return setting.default === "" ? "" : `\`${setting.default}\``;
}

/** The document with its one table replaced. */
function rewritten(document: string): string {
  const rows = [SETTINGS_HEAD, SETTINGS_HEAD.map(() => "---"), ...settingsRows()];
  const table = rows.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
  return document.replace(/^(?:\|.*\n)+/m, () => table);
}

if (import.meta.main) writeFileSync(DOCUMENT, rewritten(readFileSync(DOCUMENT, "utf8")));
