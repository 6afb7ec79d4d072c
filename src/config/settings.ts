/** Every setting of the relay in one table: name, unit, default, what a value must be, and what it is for. */
import * as z from "zod/mini";
import { isCreds, isUserSeed } from "../shared/user-seed.ts";
import { CREDENTIAL_SETTINGS } from "./credential-settings.ts";
import {
  anyText,
  choice,
  docs,
  filter,
  integer,
  list,
  matching,
  optionalInteger,
  plainSubject,
  type Doc,
  type Setting,
} from "./setting-kinds.ts";

export type { Setting } from "./setting-kinds.ts";

/** The platform's location hints (DO-26). */
export const HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac-ne", "apac-se", "apac", "oc", "afr", "me"] as const;
export type Hint = (typeof HINTS)[number];
const ROOM_PLACEMENTS = ["regional", "single", ...HINTS] as const;
export type RoomPlacement = (typeof ROOM_PLACEMENTS)[number];

const COMPRESSIONS = ["off", "on"] as const;

const KIB = 1024;
const MIB = 1024 * KIB;
export const DEFAULT_MAX_ROOMS_PER_GRANT = 50;
export const DEFAULT_API_PREFIX = "$JS.API";
export const DEFAULT_INBOX_PREFIX = "_INBOX";
export const DEFAULT_ROOT = "cellos.events.>";

const table = {
  NATS_URL: list(isBrokerUrl, {
    unit: "URLs",
    default: "",
    must: "ws:// or wss:// URLs separated by commas, without user name, password or fragment",
    doc: "The broker's WebSocket listener, one or several; credentials go in their own settings.",
  }),
  NATS_STREAM: matching((name) => /^[^\s.*>/\\\p{Cc}]{1,255}$/u.test(name), {
    unit: "name",
    default: "CELLOS_EVENTS",
    must: "a JetStream stream name, with no white space and none of . * > / \\",
    doc: "The JetStream stream to read, which the relay never creates.",
  }),
  NATS_CREDS: matching(isCreds, {
    unit: "secret",
    default: "",
    must: "the whole text of a .creds file with a valid seed",
    doc: "Broker credential: a .creds file.",
  }),
  NATS_NKEY_SEED: matching(isUserSeed, {
    unit: "secret",
    default: "",
    must: "a user seed, which is SU and 56 more characters with a valid checksum",
    doc: "Broker credential: an NKEY user seed.",
  }),
  NATS_TOKEN: anyText("secret", "Broker credential: a token."),
  NATS_USER: anyText("name", "Broker credential: a user name, set together with NATS_PASS."),
  NATS_PASS: anyText("secret", "Broker credential: the password of NATS_USER."),
  NATS_ACCESS_CLIENT_ID: anyText("secret", "Cloudflare Access service token for a broker behind a tunnel: its id."),
  NATS_ACCESS_CLIENT_SECRET: anyText(
    "secret",
    "Cloudflare Access service token for a broker behind a tunnel: its secret.",
  ),
  NATS_JS_DOMAIN: matching((name) => /^[^\s.*>\p{Cc}]{1,64}$/u.test(name), {
    unit: "name",
    default: "",
    must: "the name of a JetStream domain, with no white space and none of . * >",
    doc: "The JetStream domain of the stream, where that is not the broker's own: behind a leaf node. Not together with NATS_JS_API_PREFIX.",
  }),
  NATS_JS_API_PREFIX: plainSubject(
    DEFAULT_API_PREFIX,
    "What the subjects of the JetStream API begin with, where an account imports them under another name.",
  ),
  NATS_INBOX_PREFIX: plainSubject(
    DEFAULT_INBOX_PREFIX,
    "What the relay's inboxes begin with, so that its user need not be allowed to read the inboxes of others.",
  ),
  SUBJECT_ROOT: filter(DEFAULT_ROOT, "The filter outside which nothing is ever relayed."),
  DEFAULT_SUBJECT: filter(
    DEFAULT_ROOT,
    "What a client gets that names no subject (SUBJECT_ROOT, should the default lie outside it).",
  ),
  RELAY_API_TOKEN: list(() => true, {
    unit: "secret",
    default: "",
    must: "tokens separated by commas or white space",
    doc: "Bearer tokens that may read all of SUBJECT_ROOT; several, so that rotation needs no outage.",
  }),
  ALLOWED_ORIGINS: list((entry) => entry === "*" || originOf(entry) !== null, {
    unit: "origins",
    default: "",
    must: "* or origins such as https://app.example without a path, separated by commas or white space",
    doc: "Web pages that may read from this relay besides its own console.",
  }),
  ...CREDENTIAL_SETTINGS,
  HEARTBEAT_SECONDS: integer("seconds", 25, 1, 60, "Silence on a connection after which a heartbeat is sent."),
  BATCH_MS: integer("milliseconds", 5, 0, 1000, "The most that batching may add to an event's latency."),
  MAX_CLIENTS_PER_ROOM: integer("clients", 1000, 1, 5000, "Connections that one room serves."),
  MAX_SHARDS: integer(
    "rooms",
    128,
    1,
    1024,
    "Rooms that serve one subject in one region; the next is opened when the others are full.",
  ),
  MAX_ROOMS_PER_GRANT: optionalInteger(
    "subjects",
    DEFAULT_MAX_ROOMS_PER_GRANT,
    1,
    10_000,
    "Distinct subjects that one credential may have open at a time. A token of RELAY_API_TOKEN is counted only where this is set.",
  ),
  MAX_CLIENTS_PER_GRANT: integer(
    "clients",
    0,
    0,
    1_000_000,
    "Clients that one credential may have open at a time, over all subjects; 0 is no limit. It is late by a heartbeat of each room.",
  ),
  ROOM_PLACEMENT: choice(
    ROOM_PLACEMENTS,
    "regional",
    "Where rooms live: regional gives every part of the world its own; a location hint puts the only one there, near the broker; single lets the platform choose.",
  ),
  COMPRESSION: choice(
    COMPRESSIONS,
    "off",
    "Whether a client that offers permessage-deflate gets it: fewer bytes, more CPU, and memory for every connection.",
  ),
  MAX_REPLAYS: integer(
    "replays",
    8,
    1,
    64,
    "Replays that one room reads from the broker at a time; further ones queue.",
  ),
  WINDOW_BYTES: integer(
    "bytes",
    4 * MIB,
    0,
    32 * MIB,
    "Recent events that a room keeps in memory; a resume inside them costs the broker nothing.",
  ),
  MAX_UNREAD_BYTES: integer(
    "bytes",
    MIB,
    KIB,
    32 * MIB,
    "Unacknowledged bytes past which a v2 client gets nothing more until it acknowledges.",
  ),
  SEND_TIMEOUT_SECONDS: integer(
    "seconds",
    50,
    1,
    600,
    "Time without any proof of reading after which a client that owes one is closed.",
  ),
  MAX_UNPROVEN_BYTES: integer(
    "bytes",
    32 * MIB,
    KIB,
    96 * MIB,
    "Bytes sent within SEND_TIMEOUT_SECONDS and not acknowledged that all v1 clients of a room share; each has 4 MiB at least.",
  ),
  MAX_QUEUED_BYTES: integer(
    "bytes",
    48 * MIB,
    KIB,
    96 * MIB,
    "Unread bytes of all rooms of an isolate: past half of it a v2 client acknowledges before it is sent more, past all of it clients that do not read are closed.",
  ),
};
const schema = z.object(table);

/** What the environment sets, each value checked alone; undefined when not set and without a default. */
export type SettingValues = z.output<typeof schema>;

/** The table as data, in the order of docs/settings.md. */
export const SETTINGS: readonly Setting[] = Object.entries(table).map(([name, field]) => ({
  name,
  ...documented(name, field),
}));

/**
 * Checks each setting on its own. White space around a value is dropped and an empty value means not set (O2).
 * A problem has one sentence for each invalid setting, which names it and what it must be, and never its value.
 */
export function readSettings(
  env: Readonly<Record<string, unknown>>,
): { readonly ok: true; readonly values: SettingValues } | { readonly ok: false; readonly problem: string } {
  const given = Object.fromEntries(SETTINGS.map(({ name }) => [name, written(env[name])]));
  const parsed = schema.safeParse(given);
  if (parsed.success) return { ok: true, values: parsed.data };
  const invalid = new Set(parsed.error.issues.map(({ path }) => path[0]));
  const wrong = SETTINGS.filter(({ name }) => invalid.has(name));
  return { ok: false, problem: wrong.map(({ name, must }) => `${name} must be ${must}.`).join(" ") };
}

/** Settings come as text (`--var`, secrets) or as numbers (wrangler.toml); zod refuses anything else. */
function written(value: unknown): unknown {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" ? text.trim() || undefined : (text ?? undefined);
}

function documented(name: string, field: z.core.$ZodType): Doc {
  const doc = docs.get(field);
  if (doc === undefined) throw new Error(`The setting ${name} is not documented.`);
  return doc;
}

/** A user name in the URL would be dropped by the runtime without a word, so it is refused here. */
function isBrokerUrl(text: string): boolean {
  if (!/^wss?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.username === "" && url.password === "" && url.hash === "";
}

/** The origin as a browser writes it (`https://a.example`), or null when `text` is not one. */
export function originOf(text: string): string | null {
  if (!/^https?:\/\/[^/?#@\\]+\/?$/i.test(text) || !URL.canParse(text)) return null;
  return new URL(text).origin;
}
