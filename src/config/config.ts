/** The relay's configuration: the settings of settings.ts, checked against each other and put in the form the code uses. */
import { isSubsetOf } from "../protocol/subject.ts";
import { jwtConfig, jwtContradictions, type JwtConfig } from "./jwt.ts";
import {
  DEFAULT_API_PREFIX,
  DEFAULT_INBOX_PREFIX,
  DEFAULT_MAX_ROOMS_PER_GRANT,
  DEFAULT_ROOT,
  originOf,
  readSettings,
  type RoomPlacement,
  type SettingValues,
} from "./settings.ts";

export { SETTINGS, type Setting } from "./settings.ts";
export { MAX_FILTERS, type JwtConfig } from "./jwt.ts";

export type NatsAuth =
  | { readonly kind: "none" }
  | { readonly kind: "creds"; readonly creds: string }
  | { readonly kind: "nkey"; readonly seed: string }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "userpass"; readonly user: string; readonly pass: string };

export interface NatsSettings {
  /** `ws://` or `wss://` URLs, at least one. */
  readonly servers: readonly string[];
  readonly auth: NatsAuth;
  /** Cloudflare Access service token, for a broker behind a tunnel (U3). */
  readonly access: { readonly clientId: string; readonly clientSecret: string } | null;
  /** What the subjects of the JetStream API begin with, as `$JS.API` (U6). */
  readonly apiPrefix: string;
  readonly inboxPrefix: string;
}

export interface Config {
  /** Null when NATS_URL is not set (W11). */
  readonly nats: NatsSettings | null;
  readonly stream: string;
  readonly defaultSubject: string;
  readonly subjectRoot: string;
  /** Empty when RELAY_API_TOKEN is not set (A4). */
  readonly apiTokens: readonly string[];
  /** Null when no key of signed tokens is set (A2). */
  readonly jwt: JwtConfig | null;
  /** What the key of tickets is made of; null when the relay keeps a random one (H8). */
  readonly ticketSecret: string | null;
  /** Where the console asks for its token, or null (A11). */
  readonly consoleTokenUrl: string | null;
  /** Origins as a browser writes them, or `*`. */
  readonly allowedOrigins: readonly string[];
  readonly heartbeatMs: number;
  readonly batchMs: number;
  readonly maxClientsPerRoom: number;
  readonly maxShards: number;
  readonly maxRoomsPerGrant: number;
  /** Null where the setting is not given: one token for a whole site is the commonest deployment (B4). */
  readonly maxRoomsPerApiToken: number | null;
  /** Null when clients are not counted (A9). */
  readonly maxClientsPerGrant: number | null;
  readonly roomPlacement: RoomPlacement;
  readonly compression: boolean;
  readonly maxReplays: number;
  readonly windowBytes: number;
  readonly maxUnreadBytes: number;
  readonly sendTimeoutMs: number;
  readonly maxUnprovenBytes: number;
  readonly maxQueuedBytes: number;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problem: string };

/** Reads and checks every setting. A problem is one sentence for each that says what to do, without any value (O2, A6). */
export function loadConfig(env: Readonly<Record<string, unknown>>): ConfigResult {
  const settings = readSettings(env);
  if (!settings.ok) return settings;
  const set = settings.values;
  const wrong = contradictions(set);
  if (wrong.length > 0) return { ok: false, problem: wrong.join(" ") };
  return {
    ok: true,
    config: {
      nats: natsSettings(set),
      stream: set.NATS_STREAM ?? "CELLOS_EVENTS",
      defaultSubject: defaultSubject(set),
      subjectRoot: subjectRoot(set),
      apiTokens: set.RELAY_API_TOKEN,
      jwt: jwtConfig(set),
      ticketSecret: set.TICKET_SECRET ?? set.JWT_SECRET ?? null,
      consoleTokenUrl: set.CONSOLE_TOKEN_URL ?? null,
      allowedOrigins: set.ALLOWED_ORIGINS.map((entry) => originOf(entry) ?? entry),
      heartbeatMs: set.HEARTBEAT_SECONDS * 1000,
      batchMs: set.BATCH_MS,
      maxClientsPerRoom: set.MAX_CLIENTS_PER_ROOM,
      maxShards: set.MAX_SHARDS,
      maxRoomsPerGrant: set.MAX_ROOMS_PER_GRANT ?? DEFAULT_MAX_ROOMS_PER_GRANT,
      maxRoomsPerApiToken: set.MAX_ROOMS_PER_GRANT ?? null,
      maxClientsPerGrant: set.MAX_CLIENTS_PER_GRANT === 0 ? null : set.MAX_CLIENTS_PER_GRANT,
      roomPlacement: set.ROOM_PLACEMENT,
      compression: set.COMPRESSION === "on",
      maxReplays: set.MAX_REPLAYS,
      windowBytes: set.WINDOW_BYTES,
      maxUnreadBytes: set.MAX_UNREAD_BYTES,
      sendTimeoutMs: set.SEND_TIMEOUT_SECONDS * 1000,
      maxUnprovenBytes: set.MAX_UNPROVEN_BYTES,
      maxQueuedBytes: set.MAX_QUEUED_BYTES,
    },
  };
}

/** Whether anybody can be admitted at all (A4). */
export function hasCredential({ apiTokens, jwt }: Config): boolean {
  return apiTokens.length > 0 || jwt !== null;
}

const loaded = new WeakMap<object, ConfigResult>();

/** `loadConfig` once per environment object, which the runtime shares between the requests of an isolate. */
export function configOf(env: object): ConfigResult {
  const known = loaded.get(env);
  if (known !== undefined) return known;
  const result = loadConfig({ ...env });
  loaded.set(env, result);
  return result;
}

/** The settings that cannot be meant together, a sentence for each pair. */
function contradictions(set: SettingValues): string[] {
  const wrong: string[] = [];
  if (isSet(set.NATS_USER) !== isSet(set.NATS_PASS)) wrong.push("NATS_USER and NATS_PASS must be set together.");
  if (isSet(set.NATS_ACCESS_CLIENT_ID) !== isSet(set.NATS_ACCESS_CLIENT_SECRET)) {
    wrong.push("NATS_ACCESS_CLIENT_ID and NATS_ACCESS_CLIENT_SECRET must be set together.");
  }
  if (natsAuths(set).length > 1) {
    wrong.push("Only one of NATS_CREDS, NATS_NKEY_SEED, NATS_TOKEN, or NATS_USER with NATS_PASS must be set.");
  }
  if (isSet(set.NATS_JS_DOMAIN) && isSet(set.NATS_JS_API_PREFIX)) {
    wrong.push("Only one of NATS_JS_DOMAIN and NATS_JS_API_PREFIX must be set.");
  }
  if (!isSubsetOf(defaultSubject(set), subjectRoot(set))) wrong.push("DEFAULT_SUBJECT must lie inside SUBJECT_ROOT.");
  return [...wrong, ...jwtContradictions(set)];
}

function natsSettings(set: SettingValues): NatsSettings | null {
  if (set.NATS_URL.length === 0) return null;
  const { NATS_ACCESS_CLIENT_ID: clientId, NATS_ACCESS_CLIENT_SECRET: clientSecret } = set;
  return {
    servers: set.NATS_URL,
    auth: natsAuths(set)[0] ?? { kind: "none" },
    access: clientId === undefined || clientSecret === undefined ? null : { clientId, clientSecret },
    apiPrefix: apiPrefix(set),
    inboxPrefix: set.NATS_INBOX_PREFIX ?? DEFAULT_INBOX_PREFIX,
  };
}

/** A domain has its API below a name of its own, which leaf nodes know (U6). */
function apiPrefix({ NATS_JS_DOMAIN: domain, NATS_JS_API_PREFIX: prefix }: SettingValues): string {
  return domain === undefined ? (prefix ?? DEFAULT_API_PREFIX) : `$JS.${domain}.API`;
}

/** Every form of broker credential that is set. */
function natsAuths(set: SettingValues): readonly NatsAuth[] {
  const { NATS_CREDS: creds, NATS_NKEY_SEED: seed, NATS_TOKEN: token, NATS_USER: user, NATS_PASS: pass } = set;
  const auths: NatsAuth[] = [];
  if (creds !== undefined) auths.push({ kind: "creds", creds });
  if (seed !== undefined) auths.push({ kind: "nkey", seed });
  if (token !== undefined) auths.push({ kind: "token", token });
  if (user !== undefined && pass !== undefined) auths.push({ kind: "userpass", user, pass });
  return auths;
}

function subjectRoot(set: SettingValues): string {
  return set.SUBJECT_ROOT ?? DEFAULT_ROOT;
}

/** A root that does not hold the usual default is its own default, so that setting SUBJECT_ROOT alone is enough. */
function defaultSubject(set: SettingValues): string {
  const root = subjectRoot(set);
  return set.DEFAULT_SUBJECT ?? (isSubsetOf(DEFAULT_ROOT, root) ? DEFAULT_ROOT : root);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined;
}
