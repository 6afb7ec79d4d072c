import { rule, same, that } from "../check.ts";
import type { Context } from "../context.ts";

type Members = Readonly<Record<string, unknown>>;

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isCountOrNull = (value: unknown): boolean => value === null || isCount(value);
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const oneOf =
  (...words: readonly string[]) =>
  (value: unknown): boolean =>
    words.includes(String(value));

type Shape = { readonly [name: string]: Shape | ((value: unknown) => boolean) };

const ROOM: Shape = {
  region: isText,
  shard: isCount,
  state: oneOf("cold", "connecting", "live", "reconnecting", "asleep"),
  clients: { v1: isCount, v2: isCount, stream: isCount },
  live: isCount,
  replaying: isCount,
  paused: isCount,
  cursor: isCountOrNull,
  position: isCountOrNull,
  lag: isCountOrNull,
  upstream: {
    state: oneOf("none", "connecting", "open", "waiting"),
    sinceMs: isCount,
    reconnects: isCount,
    lastError: isTextOrNull,
  },
  window: { from: isCountOrNull, to: isCountOrNull, events: isCount, bytes: isCount },
  unreadBytes: isCount,
  dropped: isCount,
  slowCloses: isCount,
  resets: isCount,
  startedAtMs: isCount,
};

/** Later versions may have more members, and never other ones. */
function fits(what: string, value: unknown, shape: Shape): void {
  that(typeof value === "object" && value !== null, what, "an object", value);
  for (const [name, member] of Object.entries(shape)) {
    const given = (value as Members)[name];
    if (typeof member === "function") that(member(given), `${what}.${name}`, "a value of its type", given);
    else fits(`${what}.${name}`, given, member);
  }
}

async function statusOf(context: Context, query: string): Promise<{ rooms: readonly Members[] } & Members> {
  const { status, body } = await context.ask(`/v1/status?${query}`);
  same(`status of ?${query}`, status, 200);
  return JSON.parse(body) as { rooms: readonly Members[] };
}

rule("O4", "GET /v1/status: a subject that nobody watches has no rooms, in no region", async (context) => {
  const subject = context.subject();
  for (const query of [`subject=${subject}`, `subject=${subject}&all=1`])
    same(`the answer to ?${query}`, await statusOf(context, query), { subject, epoch: null, rooms: [] });
});

rule("O4", "GET /v1/status: exact members and types, and each client in one count", async (context) => {
  const subject = context.subject();
  await context.open({ subject });
  await context.open({ subject });
  const { epoch, rooms, ...rest } = await statusOf(context, `subject=${subject}&all=1`);
  that(isText(epoch), "epoch", "a text", epoch);
  same("subject", rest["subject"], subject);
  for (const room of rooms) fits("a room", room, ROOM);
  const sum = (...names: readonly string[]): number =>
    rooms.reduce((total, room) => total + names.reduce((part, name) => part + Number(room[name]), 0), 0);
  same("clients that are live, replaying or paused", sum("live", "replaying", "paused"), 2);
  const clients = rooms.map((room) =>
    Object.values(room["clients"] as Members).reduce<number>((a, b) => a + Number(b), 0),
  );
  same(
    "clients by kind",
    clients.reduce((a, b) => a + b, 0),
    2,
  );
});

rule("O4", "GET /v1/status: the checks of H3", async (context) => {
  const anonymous = await context.askAnonymously("/v1/status");
  same("without a credential", anonymous.status, 401);
  const cases = [
    ["subject=a..b", 400],
    ["all=0", 400],
    ["all=1&all=1", 400],
    ["subject=another.root", 403],
  ] as const;
  for (const [query, expected] of cases) {
    const { status } = await context.ask(`/v1/status?${query}`);
    same(`status of ?${query}`, status, expected);
  }
  const { status, headers } = await context.ask("/v1/status", {}, "POST");
  same("status of POST", status, 405);
  that((headers.allow ?? "").includes("GET"), "Allow", "GET", headers.allow);
});
