/** The machine and the versions that numbers belong to. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import type { Table } from "./table.ts";
import { bytes, short } from "./table.ts";
import { WORKERD } from "./workerd-process.ts";

export async function machine(natsServer: string): Promise<Table> {
  const processors = cpus();
  const rows = [
    ["CPU", `${processors[0]?.model ?? "unknown"}, ${processors.length} cores`],
    ["Memory", bytes(totalmem())],
    ["OS", `${distribution()}, ${type()} ${release()}`],
    ["Load before", loadavg().map(short).join(", ")],
    ["workerd", version(WORKERD, ["--version"])],
    ["nats-server", natsServer],
    ["Node", process.version],
    ["Date", new Date().toISOString().slice(0, 10)],
  ];
  return { head: ["", ""], rows };
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}

function version(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8" })
    .trim()
    .replace(/^workerd /, "");
}
