/** What processes have used, from the kernel's own account (Linux). */
import { readFileSync } from "node:fs";
import { processTree } from "../support/process-tree.ts";

/** USER_HZ, which is 100 on every Linux. */
const TICKS_PER_SECOND = 100;
const UTIME = 11;
const KIB = 1024;

/** Seconds of CPU, user and system, of these processes and all they started. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const root of pids) {
    for (const pid of processTree(root).keys()) {
      const stat = read(`/proc/${pid}/stat`);
      // The second field is the command in parentheses, and may hold anything.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      ticks += (Number(fields[UTIME]) || 0) + (Number(fields[UTIME + 1]) || 0);
    }
  }
  return ticks / TICKS_PER_SECOND;
}

/** How many files a process of ours may have open. */
export function openFilesLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(read("/proc/self/limits"))?.[1] ?? 1_024);
}

/** Resident memory of one process. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kib ?? Number.NaN) * KIB;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
