/**
 * `npm run bench -- [--only fanout,latency,replay,fair,storm,memory,crowd,compression,meta,growth,joins] [--rounds K] [--quick] [--profile]`: compares the
 * relay with what one would use instead. A whole run writes RESULTS.md, a partial or quick one prints the same page. Wants
 * a machine with nothing else to do.
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { bounded } from "./bounded.ts";
import { Bundle } from "./bundle.ts";
import { readFlags, SCENARIOS, type Flags, type ScenarioName } from "./flags.ts";
import { Ground } from "./ground.ts";
import { machine } from "./machine.ts";
import { page, summary } from "./report.ts";
import type { Scenario, Section } from "./section.ts";
import { markdown } from "./table.ts";
import { compression } from "./scenarios/compression.ts";
import { crowd } from "./scenarios/crowd.ts";
import { fair } from "./scenarios/fair.ts";
import { fanout } from "./scenarios/fanout.ts";
import { growth } from "./scenarios/growth.ts";
import { idle } from "./scenarios/idle.ts";
import { joins } from "./scenarios/joins.ts";
import { latency } from "./scenarios/latency.ts";
import { meta } from "./scenarios/meta.ts";
import { profile } from "./scenarios/profile.ts";
import { replay } from "./scenarios/replay.ts";
import { storm } from "./scenarios/storm.ts";
import { wedged } from "./scenarios/wedged.ts";

const RESULTS = fileURLToPath(new URL("RESULTS.md", import.meta.url));
const LIMIT_MS = 120_000;
const LIMIT_PER_ROUND_MS = 120_000;

const PARTS: Readonly<Record<ScenarioName, readonly Scenario[]>> = {
  fanout: [fanout],
  latency: [latency],
  replay: [replay],
  fair: [fair],
  storm: [storm],
  memory: [idle, wedged],
  crowd: [crowd],
  compression: [compression],
  meta: [meta],
  growth: [growth],
  joins: [joins],
};

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => stop.abort(new Error("Interrupted.")));
const began = Date.now();

try {
  await run(readFlags(process.argv.slice(2)));
} catch (error) {
  process.exitCode = 1;
  console.error(error instanceof Error ? error.message : error);
}
// What was interrupted may still wait for something that never comes.
process.exit();

async function run(flags: Flags): Promise<void> {
  say("building the relay");
  await using bundle = await Bundle.build();
  const scenarios = flags.profile ? [profile] : flags.only.flatMap((name) => PARTS[name]);
  const sections: Section[] = [];
  let natsServer = "";
  const before = await machine("");
  for (const scenario of scenarios) {
    const { section, version } = await perform(scenario, bundle.script, flags);
    sections.push(section);
    natsServer = version;
  }
  if (flags.profile) {
    for (const { tables } of sections) for (const table of tables) console.log(`\n${markdown(table)}`);
    return;
  }
  const rows = before.rows.map(([name = "", value = ""]) => [name, name === "nats-server" ? natsServer : value]);
  const command = ["npm run bench --", ...process.argv.slice(2)].join(" ");
  const text = page({ machine: { ...before, rows }, command, rounds: flags.rounds, sections });
  const whole = !flags.quick && flags.only.length === SCENARIOS.length;
  if (!whole) return console.log(`\n${text}`);
  await writeFile(RESULTS, text);
  console.log(`\n${summary(sections)}\n\n${RESULTS}`);
}

/** On a ground of its own, so that no scenario inherits another's memory. */
async function perform(
  scenario: Scenario,
  bundle: string,
  { rounds, quick }: Flags,
): Promise<{ section: Section; version: string }> {
  await using ground = await Ground.start(bundle);
  const log = (line: string): void => say(`${scenario.name}: ${line.trimEnd()}`);
  const limitMs = LIMIT_MS + rounds * LIMIT_PER_ROUND_MS;
  const section = await bounded(scenario.name, scenario({ ground, rounds, quick, log }), limitMs, stop.signal);
  return { section, version: await ground.brokerVersion() };
}

function say(line: string): void {
  console.log(`[${((Date.now() - began) / 1_000).toFixed(1).padStart(6)} s] ${line}`);
}
