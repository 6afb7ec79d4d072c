/** Looks at one set-up as an operator, a program and a page would: /readyz, a join, the log, and what the client says. */
import { expect } from "vitest";
import { EventStream } from "../../../src/client/index.ts";
import { CAUSES, type Cause } from "../../../src/upstream/causes.ts";
import { Recorder } from "../browser/recorder.ts";
import { until } from "../until.ts";
import { joinAt, startInTurn, TOKEN } from "../world.ts";

export type Vars = Readonly<Record<string, string>>;

/** One broken set-up: makes it, and says which settings the relay gets. What must be stopped later goes to `parts`. */
export type Setup = readonly [
  name: string,
  cause: Cause,
  start: (parts: AsyncDisposableStack) => Promise<Vars>,
  says: RegExp,
];

const REFUSED = {
  close: "1008 subscribe failed",
  client: "subscribe failed 1008 The relay cannot read from its broker until its operator acts",
  waits: "long",
};
const UNAVAILABLE = {
  close: "1013 upstream unavailable",
  client: "upstream unavailable 1013 The relay cannot read from its broker now",
  waits: "short",
};
const NO_BROKER = {
  close: "1008 no upstream broker configured",
  client: "no upstream broker configured 1008 No upstream broker configured",
  waits: "long",
};

export const outcomeOf = (cause: Cause): typeof REFUSED => {
  if (cause === "not-configured") return NO_BROKER;
  return CAUSES[cause].verdict === "refused" ? REFUSED : UNAVAILABLE;
};

interface Line {
  readonly event?: string;
  readonly subject?: string;
  readonly cause?: string;
  readonly reason?: string;
}

let count = 0;

/** Starts the set-up and a relay with it, and expects the same cause everywhere. */
export async function expectDiagnosis([name, cause, start, says]: Setup): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const subject = `cellos.events.broken-${(count += 1)}.>`;
  const lines: Line[] = [];
  const onLog = (text: string): void => {
    const line = text.startsWith("{") ? (JSON.parse(text) as Line) : {};
    if (line.subject === subject) lines.push(line);
  };
  const vars = await start(parts);
  const relay = parts.use(await startInTurn({ RELAY_API_TOKEN: TOKEN, DEFAULT_SUBJECT: subject, ...vars }, onLog));
  const [ready, close, client] = await Promise.all([
    readinessOf(relay.url),
    closeOf(relay, subject),
    clientOf(relay.url, subject),
  ]);
  // A cluster that is starting is silent at first, and then says so: the cause is one, its detail is not.
  const why = cause === "no-leader" ? expect.stringMatching(says) : ready.sentence;
  const failed = await until("a join that failed is in the log", () =>
    lines.find(({ event }) => event === "join-failed"),
  );
  expect({ name, ...ready, close, ...client }).toEqual({
    name,
    status: 503,
    cause,
    sentence: expect.stringMatching(says),
    ...outcomeOf(cause),
  });
  expect(failed).toMatchObject({ cause, reason: why, severity: "warn", region: expect.any(String), shard: 0 });
  expect(failed).toMatchObject({
    room: expect.stringMatching(/^[0-9a-f]{64}$/),
    version: expect.stringMatching(/^\d+\.\d/),
  });
  if (cause === "not-configured") return;
  expect(lines.find(({ event }) => event === "upstream-failed")).toMatchObject({ cause, reason: why });
  const words = lines.flatMap((line) => line.cause ?? []);
  expect(words.filter((word) => !(word in CAUSES))).toEqual([]);
}

async function readinessOf(url: string): Promise<{ status: number; cause: string | null; sentence: string }> {
  const response = await fetch(`${url}/readyz`);
  const { cause, checks } = (await response.json()) as { cause: string | null; checks: { broker: string } };
  return { status: response.status, cause, sentence: checks.broker };
}

async function closeOf(relay: Parameters<typeof joinAt>[0], subject: string): Promise<string> {
  const { socket } = await joinAt(relay, subject, 2);
  const { code, reason } = await socket.closed(20_000);
  return `${code} ${reason}`;
}

/** What the client says of its first failure, and whether it waits long for the next try. */
export async function clientOf(
  url: string,
  subject: string,
  token: string = TOKEN,
): Promise<{ client: string; waits: string }> {
  const stream = new EventStream({ url, token, subject });
  try {
    const recorder = new Recorder(stream);
    await until("the stream waits or ends", () => ["waiting", "closed"].includes(stream.state.kind), 30_000);
    const state = recorder.states.at(-1);
    if (state?.kind === "closed") return { client: state.error?.message ?? "", waits: "for ever" };
    if (state?.kind !== "waiting") throw new Error(`The stream is ${state?.kind}.`);
    return { client: state.error.message, waits: state.retryAtMs - Date.now() > 20_000 ? "long" : "short" };
  } finally {
    stream.close();
  }
}
