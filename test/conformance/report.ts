export type Verdict = "pass" | "FAIL" | "not checked";

export interface Result {
  readonly id: string;
  readonly sentence: string;
  readonly verdict: Verdict;
  /** Why it failed, or what it needs; empty when it passed. */
  readonly detail: string;
}

const ID_WIDTH = 4;
const VERDICT_WIDTH = 13;
const MAX_DETAIL_CHARS = 900;

/** One line of the report. */
export function formatResult({ id, sentence, verdict, detail }: Result): string {
  const text = verdict === "not checked" ? `${sentence}: needs ${detail.replace(/^needs /, "")}` : sentence;
  const more = verdict === "FAIL" ? `: ${oneLine(detail)}` : "";
  return `${id.padEnd(ID_WIDTH)}${verdict.padEnd(VERDICT_WIDTH)}${text}${more}`;
}

/** The last lines: how many rules hold, which fail, which were not checked at all. */
export function formatSummary(results: readonly Result[]): string {
  const rules = Map.groupBy(results, ({ id }) => id);
  const failed = [...rules.keys()].filter((id) => has(rules.get(id), "FAIL"));
  const held = [...rules.keys()].filter((id) => !failed.includes(id) && has(rules.get(id), "pass"));
  const unknown = [...rules.keys()].filter((id) => !failed.includes(id) && !held.includes(id));
  const checks = results.filter(({ verdict }) => verdict !== "not checked").length;
  return [
    `${checks} checks: ${count(held.length, "rule")} hold${held.length === 1 ? "s" : ""}`,
    `${failed.length} fail${failed.length === 1 ? "s" : ""}${list(failed)}`,
    `${unknown.length} not checked${list(unknown)}`,
  ].join(", ");
}

export function anyFailed(results: readonly Result[]): boolean {
  return has(results, "FAIL");
}

function has(results: readonly Result[] | undefined, verdict: Verdict): boolean {
  return results?.some((result) => result.verdict === verdict) ?? false;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function list(ids: readonly string[]): string {
  return ids.length === 0 ? "" : ` (${ids.join(" ")})`;
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/\s*\n\s*/g, " | ");
  return flat.length > MAX_DETAIL_CHARS ? `${flat.slice(0, MAX_DETAIL_CHARS)}…` : flat;
}
