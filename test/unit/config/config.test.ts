import { describe, expect, it } from "vitest";
import { configOf, loadConfig, SETTINGS, type Config } from "../../../src/config/config.ts";
import { newNkey, Operator } from "../../support/broker/operator.ts";

function config(env: Record<string, unknown> = {}): Config {
  const result = loadConfig(env);
  if (!result.ok) throw new Error(result.problem);
  return result.config;
}

function problem(env: Record<string, unknown>): string {
  const result = loadConfig(env);
  return result.ok ? "" : result.problem;
}

const SEED = newNkey().seed;
const HARMED = SEED.replace(/.{9}$/, (end) => `${end.startsWith("A") ? "B" : "A"}${end.slice(1)}`);
const CREDS = new Operator().creds().trim();

describe("loadConfig", () => {
  it("[O2] has the defaults of the specification when nothing is set", () => {
    expect(config()).toEqual({
      nats: null,
      stream: "CELLOS_EVENTS",
      defaultSubject: "cellos.events.>",
      subjectRoot: "cellos.events.>",
      ticketSecret: null,
      apiTokens: [],
      jwt: null,
      consoleTokenUrl: null,
      allowedOrigins: [],
      heartbeatMs: 25_000,
      batchMs: 5,
      maxClientsPerRoom: 1000,
      maxShards: 128,
      maxRoomsPerGrant: 50,
      maxRoomsPerApiToken: null,
      maxClientsPerGrant: null,
      roomPlacement: "regional",
      compression: false,
      maxReplays: 8,
      windowBytes: 4 * 1024 ** 2,
      maxUnreadBytes: 1024 ** 2,
      sendTimeoutMs: 50_000,
      maxUnprovenBytes: 32 * 1024 ** 2,
      maxQueuedBytes: 48 * 1024 ** 2,
    });
  });

  it("[O2] takes an empty or blank value as not set, for every setting", () => {
    for (const blank of ["", "  \n", null, undefined]) {
      expect(config(Object.fromEntries(SETTINGS.map(({ name }) => [name, blank])))).toEqual(config());
    }
  });

  it("[O1] takes numbers as text and as numbers, and trims", () => {
    expect(config({ HEARTBEAT_SECONDS: "1", BATCH_MS: 0, MAX_REPLAYS: " 64 " })).toMatchObject({
      heartbeatMs: 1000,
      batchMs: 0,
      maxReplays: 64,
    });
  });

  it("[B4] limits the subjects of an API token only where the limit is set", () => {
    expect(config({ MAX_CLIENTS_PER_GRANT: "9" })).toMatchObject({ maxClientsPerGrant: 9 });
    expect(config({ MAX_ROOMS_PER_GRANT: "50" })).toMatchObject({ maxRoomsPerGrant: 50, maxRoomsPerApiToken: 50 });
  });

  it("[A1] splits tokens at commas and white space", () => {
    expect(config({ RELAY_API_TOKEN: " one, two\tthree\n,four " }).apiTokens).toEqual(["one", "two", "three", "four"]);
  });

  it("[A4] takes a token setting of separators alone as not set", () => {
    expect(config({ RELAY_API_TOKEN: " , ," }).apiTokens).toEqual([]);
  });

  it("[A5] normalises origins", () => {
    expect(config({ ALLOWED_ORIGINS: "HTTPS://App.Example:443/ http://localhost:5173,*" }).allowedOrigins).toEqual([
      "https://app.example",
      "http://localhost:5173",
      "*",
    ]);
  });

  it("[H1] falls back to SUBJECT_ROOT when the usual default lies outside it", () => {
    expect(config({ SUBJECT_ROOT: "acme.>" }).defaultSubject).toBe("acme.>");
    expect(config({ SUBJECT_ROOT: ">" }).defaultSubject).toBe("cellos.events.>");
  });

  it("[U3] reads servers and each form of broker credential", () => {
    const url = { NATS_URL: "wss://a.example, ws://127.0.0.1:8080" };
    expect(config(url).nats).toEqual({
      servers: ["wss://a.example", "ws://127.0.0.1:8080"],
      auth: { kind: "none" },
      access: null,
      apiPrefix: "$JS.API",
      inboxPrefix: "_INBOX",
    });
    expect(config({ ...url, NATS_CREDS: CREDS }).nats?.auth).toEqual({ kind: "creds", creds: CREDS });
    expect(config({ ...url, NATS_NKEY_SEED: SEED }).nats?.auth).toEqual({ kind: "nkey", seed: SEED });
    expect(config({ ...url, NATS_TOKEN: "t" }).nats?.auth).toEqual({ kind: "token", token: "t" });
    expect(config({ ...url, NATS_USER: "u", NATS_PASS: "p" }).nats?.auth).toEqual({
      kind: "userpass",
      user: "u",
      pass: "p",
    });
    expect(config({ ...url, NATS_ACCESS_CLIENT_ID: "i", NATS_ACCESS_CLIENT_SECRET: "s" }).nats?.access).toEqual({
      clientId: "i",
      clientSecret: "s",
    });
  });
});

describe("the subjects at the broker", () => {
  const url = { NATS_URL: "ws://127.0.0.1:8080" };
  it("[U6] has the API of a domain below the domain's name, and any other as it is written", () => {
    expect(config({ ...url, NATS_JS_DOMAIN: "hub-1" }).nats?.apiPrefix).toBe("$JS.hub-1.API");
    expect(config({ ...url, NATS_JS_API_PREFIX: "JS.acme.API" }).nats?.apiPrefix).toBe("JS.acme.API");
    expect(config({ ...url, NATS_INBOX_PREFIX: "_INBOX_relay" }).nats?.inboxPrefix).toBe("_INBOX_relay");
  });

  it("[U6] has a domain or a prefix, not both", () => {
    expect(problem({ NATS_JS_DOMAIN: "hub", NATS_JS_API_PREFIX: "$JS.API" })).toBe(
      "Only one of NATS_JS_DOMAIN and NATS_JS_API_PREFIX must be set.",
    );
  });
});

describe("a problem with the configuration", () => {
  const invalid: readonly (readonly [string, unknown])[] = [
    ["NATS_URL", "nats://127.0.0.1:4222"],
    ["NATS_URL", "ws://user:hunter2@127.0.0.1"],
    ["NATS_URL", "wss://a.example http://b.example"],
    ["NATS_STREAM", "A.B"],
    ["NATS_STREAM", "A B"],
    ["NATS_STREAM", "A>"],
    ["NATS_CREDS", "hunter2"],
    ["NATS_CREDS", CREDS.replace(/^SU\w+$/m, HARMED)],
    ["NATS_NKEY_SEED", "SAhunter2"],
    ["NATS_NKEY_SEED", HARMED],
    ["NATS_JS_DOMAIN", "a.b"],
    ["NATS_JS_DOMAIN", "*"],
    ["NATS_JS_API_PREFIX", "JS.API.>"],
    ["NATS_JS_API_PREFIX", "JS.*.API"],
    ["NATS_JS_API_PREFIX", "JS.API."],
    ["NATS_INBOX_PREFIX", "_INBOX."],
    ["NATS_INBOX_PREFIX", "_IN BOX"],
    ["NATS_INBOX_PREFIX", "_INBOX.>"],
    ["SUBJECT_ROOT", "a..b"],
    ["DEFAULT_SUBJECT", "cellos.>.events"],
    ["DEFAULT_SUBJECT", "other.>"],
    ["ALLOWED_ORIGINS", "app.example"],
    ["ALLOWED_ORIGINS", "https://app.example/path"],
    ["ALLOWED_ORIGINS", "null"],
    ["HEARTBEAT_SECONDS", "0"],
    ["HEARTBEAT_SECONDS", "61"],
    ["HEARTBEAT_SECONDS", "2.5"],
    ["HEARTBEAT_SECONDS", "1e1"],
    ["BATCH_MS", "-1"],
    ["BATCH_MS", 1001],
    ["MAX_CLIENTS_PER_ROOM", "5001"],
    ["MAX_REPLAYS", 0],
    ["WINDOW_BYTES", "33554433"],
    ["MAX_UNREAD_BYTES", "4 MiB"],
    ["SEND_TIMEOUT_SECONDS", true],
    ["MAX_UNPROVEN_BYTES", {}],
    ["MAX_QUEUED_BYTES", "NaN"],
    ["RELAY_API_TOKEN", ["hunter2"]],
    ["JWT_JWKS_URL", "http://issuer.example/keys"],
    ["JWT_JWKS_URL", "https://hunter2@issuer.example/keys"],
    ["JWT_JWKS_URL", "https://issuer.example/keys#hunter2"],
    ["JWT_JWKS_URL", "http://127.0.0.1.example/keys"],
    ["JWT_JWKS_URL", "file:///keys"],
    ["JWT_SECRET", "hunter2"],
    ["JWT_SECRET", "x".repeat(31)],
    ["JWT_PUBLIC_KEY", "hunter2"],
    ["JWT_ALGORITHMS", "none"],
    ["JWT_ALGORITHMS", "HS256 nOnE"],
    ["JWT_ALGORITHMS", "rs256"],
    ["JWT_SUBJECTS", "cellos.events.{sub}.> cellos..x"],
    ["JWT_SUBJECTS", "cellos.events.{sub}*"],
    ["JWT_SUBJECTS", "cellos.>.{sub}"],
    ["JWT_HEADER", "Authorization"],
    ["JWT_HEADER", "cookie"],
    ["JWT_HEADER", "Sec-WebSocket-Protocol"],
    ["JWT_HEADER", "X Token"],
    ["JWT_DENY", "a%zz"],
    ["CONSOLE_TOKEN_URL", "token"],
    ["CONSOLE_TOKEN_URL", "//evil.example/token"],
    ["CONSOLE_TOKEN_URL", "/\\evil.example/token"],
    ["CONSOLE_TOKEN_URL", "http://app.example/token"],
    ["CONSOLE_TOKEN_URL", "javascript:hunter2"],
    ["NATS_USER", "hunter2"],
    ["NATS_ACCESS_CLIENT_SECRET", "hunter2"],
  ];
  it.each(invalid)("[O2] %s = %j is one sentence that names the setting", (name, value) => {
    expect(problem({ [name]: value })).toMatch(new RegExp(`^[^\\n]*\\b${name}\\b[^\\n]* must [^\\n]*\\.$`));
  });

  it.each(invalid)("[A6] %s = %j is not quoted", (name, value) => {
    expect(problem({ [name]: value })).not.toContain("hunter2");
  });

  it("[O2] is a sentence for each setting that is invalid, in the order of the table", () => {
    const env = { BATCH_MS: "x", NATS_URL: "nats://a http://b", HEARTBEAT_SECONDS: "0", NATS_NKEY_SEED: HARMED };
    expect(problem(env)).toBe(
      [
        "NATS_URL must be ws:// or wss:// URLs separated by commas, without user name, password or fragment.",
        "NATS_NKEY_SEED must be a user seed, which is SU and 56 more characters with a valid checksum.",
        "HEARTBEAT_SECONDS must be a whole number from 1 to 60 (seconds).",
        "BATCH_MS must be a whole number from 0 to 1000 (milliseconds).",
      ].join(" "),
    );
  });

  it("[O2] [A6] names every setting once when none is valid, and quotes none", () => {
    const text = problem(Object.fromEntries(SETTINGS.map(({ name }) => [name, ["hunter2"]])));
    expect(text.match(/\b[A-Z_]+(?= must be )/g)).toEqual(SETTINGS.map(({ name }) => name));
    expect(text).not.toContain("hunter2");
  });

  it("[O2] is a sentence for each pair of settings that contradict each other", () => {
    expect(problem({ NATS_USER: "u", NATS_ACCESS_CLIENT_ID: "i", DEFAULT_SUBJECT: "other.>" })).toBe(
      [
        "NATS_USER and NATS_PASS must be set together.",
        "NATS_ACCESS_CLIENT_ID and NATS_ACCESS_CLIENT_SECRET must be set together.",
        "DEFAULT_SUBJECT must lie inside SUBJECT_ROOT.",
      ].join(" "),
    );
  });

  it("[U3] is more than one form of broker credential", () => {
    expect(problem({ NATS_TOKEN: "t", NATS_NKEY_SEED: SEED })).toMatch(/^Only one of NATS_CREDS/);
    expect(problem({ NATS_CREDS: CREDS, NATS_USER: "u", NATS_PASS: "p" })).toMatch(/^Only one of NATS_CREDS/);
  });
});

describe("SETTINGS", () => {
  it("[O2] says the unit, the rule and the purpose of each setting, in one sentence", () => {
    for (const { unit, must, doc } of SETTINGS) {
      expect(unit).not.toBe("");
      expect(must).not.toBe("");
      expect(doc).toMatch(/^[A-Z].*\.$/);
    }
  });

  it("[O2] states defaults that are valid and are what is used", () => {
    const stated = Object.fromEntries(SETTINGS.map((setting) => [setting.name, setting.default]));
    const broker = { NATS_URL: "ws://127.0.0.1" };
    // Stated, the limit of subjects holds for API tokens too.
    expect(config({ ...stated, ...broker })).toEqual({
      ...config(broker),
      maxRoomsPerApiToken: config().maxRoomsPerGrant,
    });
  });
});

describe("configOf", () => {
  it("[O2] reads each environment once", () => {
    const env = { BATCH_MS: "7" };
    expect(configOf(env)).toBe(configOf(env));
    expect(configOf({ BATCH_MS: "8" })).not.toBe(configOf(env));
  });
});
