import { Random } from "./random.ts";

/** One event of a story, before it gets an id and a time. */
export interface Draft {
  /** NATS subject it is published on. */
  readonly subject: string;
  readonly type: string;
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const TENANTS = ["acme", "globex", "initech", "umbrella"] as const;
const FORMATIONS = ["checkout", "ledger", "ingest", "search", "thumbnails", "billing", "mailer", "sessions"] as const;
const REGIONS = ["fra", "iad", "sin", "gru"] as const;
const TROUBLES = [
  { reason: "out of memory", exitCode: 137 },
  { reason: "three health checks missed", exitCode: 143 },
  { reason: "the node is draining", exitCode: 0 },
] as const;
const CONTROLS = 64;
const STORIES_AT_ONCE = 5;

/** The life of CellOS formations of several tenants, told alternately and without end. */
export function* stories(seed: number): Generator<Draft, never> {
  const random = new Random(seed);
  const told = Array.from({ length: STORIES_AT_ONCE }, () => formation(random));
  for (;;) {
    const index = random.between(0, told.length - 1);
    const next = told[index]?.next();
    if (next === undefined || next.done === true) told[index] = formation(random);
    else yield next.value;
  }
}

/** Created, cells started, a while of health with now and then trouble or growth, audited, deleted. */
function* formation(random: Random): Generator<Draft> {
  const tenant = random.pick(TENANTS);
  const name = `${random.pick(FORMATIONS)}-${random.pick(REGIONS)}`;
  const source = `/tenants/${tenant}/formations/${name}`;
  const image = `registry.${tenant}.example/${name}:1.${random.between(0, 30)}.${random.between(0, 9)}`;
  const tell = (noun: "formation" | "cell" | "compliance", verb: string, data: Draft["data"]): Draft => ({
    subject: `cellos.events.${tenant}.${noun}`,
    type: `io.cellos.${noun}.v1.${verb}`,
    source,
    data: { formation: name, ...data },
  });
  const start = (cell: string): Draft =>
    tell("cell", "started", {
      cell,
      image,
      node: `node-${random.between(10, 99)}`,
      startupMs: random.between(40, 900),
    });
  const cells: string[] = [];
  let born = 0;
  const newCell = (): string => {
    born += 1;
    const cell = `${name}-${born}`;
    cells.push(cell);
    return cell;
  };

  const desired = random.between(2, 4);
  yield tell("formation", "created", { cells: desired, image });
  while (cells.length < desired) yield start(newCell());

  for (let chapter = random.between(3, 8); chapter > 0; chapter -= 1) {
    for (const cell of cells) {
      const load = { cpuPercent: random.between(2, 85), memoryMebibytes: random.between(40, 480) };
      yield tell("cell", "health", { cell, status: "healthy", ...load });
    }
    if (random.fraction() < 0.3) {
      const trouble = random.pick(TROUBLES);
      const lost = cells.shift();
      yield tell("cell", "stopped", { cell: lost, ...trouble });
      yield tell("formation", "degraded", { healthy: cells.length, cells: cells.length + 1, reason: trouble.reason });
      yield start(newCell());
    } else if (random.fraction() < 0.25) {
      yield tell("formation", "scaled", { from: cells.length, to: cells.length + 1, reason: "load" });
      yield start(newCell());
    }
  }

  const failing = random.fraction() < 0.3 ? [`AC-${random.between(1, 20)}`] : [];
  const controls = { passed: CONTROLS - failing.length, failed: failing.length, failing };
  yield tell("compliance", "summary", { framework: "NIST 800-53", cells: cells.length, controls });
  for (const cell of cells) yield tell("cell", "stopped", { cell, reason: "the formation is deleted", exitCode: 0 });
  yield tell("formation", "deleted", { cellsStarted: born });
}
