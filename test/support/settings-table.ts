/** The README's table of settings. Print it with: npm run --silent settings */
import { SETTINGS, type Setting } from "../../src/config.ts";

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

if (import.meta.main) {
  const rows = [SETTINGS_HEAD, SETTINGS_HEAD.map(() => "---"), ...settingsRows()];
  console.log(rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n"));
}
