import { execFileSync } from "node:child_process";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly command: string;
}

/** A process and everything it started, at this moment, as `pid command`. */
export function processTree(root: number): Map<number, string> {
  const all = processes();
  const tree = new Map<number, string>();
  const add = (pid: number): void => {
    for (const child of all) {
      if (child.pid === pid) tree.set(pid, child.command);
      if (child.parent === pid) add(child.pid);
    }
  };
  add(root);
  return tree;
}

/** Those of `tree` that still run. */
export function survivors(tree: ReadonlyMap<number, string>): string[] {
  return processes()
    .filter(({ pid, state, command }) => tree.get(pid) === command && !state.startsWith("Z"))
    .map(({ pid, command }) => `${pid} ${command}`);
}

function processes(): Process[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,stat=,args="], { encoding: "utf8" }).trimEnd().split("\n");
  return lines.map((line) => {
    const [pid, parent, state = "", ...command] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), state, command: command.join(" ") };
  });
}
