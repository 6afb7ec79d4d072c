/** What a join costs the relay by each kind of credential: ten thousand upgrades, each with a token of its own. */
import { randomBytes } from "node:crypto";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { goodClaims, inSeconds } from "../../support/tokens.ts";
import { dial } from "../../support/wire/dial.ts";
import { TOKEN } from "../ground.ts";
import type { Bench, Section } from "../section.ts";
import { median, spread } from "../stats.ts";
import { ranged, short, times } from "../table.ts";
import { cpuSeconds } from "../usage.ts";

const JOINS = 10_000;
const WAVE = 64;
const LABELS = { static: "API token", HS256: "JWT, HS256", ES256: "JWT, ES256", RS256: "JWT, RS256" };
type Kind = keyof typeof LABELS;
const KINDS: readonly Kind[] = ["static", "HS256", "ES256", "RS256"];

interface Issue {
  /** Settings of the relay. */
  readonly vars: Readonly<Record<string, string>>;
  readonly token: (n: number) => Promise<string>;
}

export async function joins(bench: Bench): Promise<Section> {
  const count = bench.quick ? 128 : JOINS;
  const runs = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const kind of KINDS) {
      const ms = await msPerJoin(bench, kind, count);
      runs.get(kind)?.push(ms);
      bench.log(`${LABELS[kind]}: ${short(ms)} ms of CPU a join`);
    }
  }
  const of = (kind: Kind): readonly number[] => runs.get(kind) ?? [];
  const base = median(of("static"));
  const rows = KINDS.map((kind) => [LABELS[kind], ranged(spread(of(kind))), times(median(of(kind)), base)]);
  return {
    title: "Joins by credential",
    notes: [
      `${count} upgrades of one subject, ${WAVE} at a time, each closed again at once. CPU of the whole relay, user and system, divided by their number. No two signed tokens are alike; keys are set, not fetched.`,
    ],
    tables: [{ head: ["credential", "ms of CPU a join", "of an API token's"], rows }],
    claims: [
      {
        inSummary: true,
        what: "CPU of a join by a signed token (ES256)",
        relay: `${short(median(of("ES256")))} ms`,
        other: `API token ${short(base)} ms`,
        ratio: times(median(of("ES256")), base),
      },
    ],
  };
}

async function msPerJoin({ ground }: Bench, kind: Kind, count: number): Promise<number> {
  const { vars, token } = await issueOf(kind);
  await using relay = await ground.relayWith(vars);
  const tokens = await Promise.all(Array.from({ length: count }, (_, n) => token(n)));
  const url = `ws://127.0.0.1:${relay.port}/ws/events?subject=${ground.newSubject()}`;
  const join = async (credential: string | undefined): Promise<void> => {
    const { raw } = await dial(url, {
      ...(credential === undefined ? {} : { token: credential }),
      protocols: ["cellos.relay.v2"],
    });
    raw.terminate();
  };
  // One that stays, so that the room and its upstream are there for all.
  const { raw: first } = await dial(url, { token: TOKEN });
  const before = cpuSeconds([relay.pid]);
  for (let from = 0; from < count; from += WAVE) await Promise.all(tokens.slice(from, from + WAVE).map(join));
  const seconds = cpuSeconds([relay.pid]) - before;
  first.terminate();
  return (seconds * 1_000) / count;
}

async function issueOf(kind: Kind): Promise<Issue> {
  if (kind === "static") return { vars: {}, token: async () => TOKEN };
  const sign = async (n: number, key: Parameters<SignJWT["sign"]>[0]): Promise<string> =>
    new SignJWT(goodClaims({ jti: String(n), exp: inSeconds(3_600) })).setProtectedHeader({ alg: kind }).sign(key);
  if (kind === "HS256") {
    const secret = randomBytes(32).toString("hex");
    return { vars: { JWT_SECRET: secret }, token: (n) => sign(n, new TextEncoder().encode(secret)) };
  }
  const { privateKey, publicKey } = await generateKeyPair(kind);
  // One line: the settings of the measured process are written as one.
  const pem = (await exportSPKI(publicKey)).replaceAll("\n", " ").trim();
  return { vars: { JWT_PUBLIC_KEY: pem }, token: (n) => sign(n, privateKey) };
}
