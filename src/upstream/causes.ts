/**
 * Why the broker does not serve: one word for machines, one sentence for the operator (O8). The same in `/readyz` and in
 * the log. Pure.
 */

import type { NatsAuth, NatsSettings } from "../config/config.ts";

/** `refused`: trying again changes nothing until somebody acts. `unavailable`: the next try may work (W11). */
export type Verdict = "refused" | "unavailable";

interface CauseEntry {
  readonly verdict: Verdict;
  /** `{address}`, `{stream}` and `{detail}` are filled in by `diagnose`. */
  readonly sentence: string;
}

export const CAUSES = {
  "not-configured": {
    verdict: "unavailable",
    sentence: "NATS_URL is not set, so there is no broker to read from.",
  },
  unreachable: {
    verdict: "unavailable",
    sentence:
      "No connection to {address}: the broker is down, the name or the port in NATS_URL is wrong (it must be the port of the broker's websocket block, not its port for TCP clients), or TLS fails (wss:// where the broker has no TLS, or a certificate that is not trusted).",
  },
  "not-a-broker": {
    verdict: "unavailable",
    sentence:
      "What answers at {address} does not speak NATS over WebSocket ({detail}): NATS_URL must name the port of the broker's websocket block, which is not the one for monitoring, with wss:// if that has TLS and ws:// if not.",
  },
  gateway: {
    verdict: "unavailable",
    sentence: "A proxy or tunnel at {address}, in front of the broker, answers {detail}.",
  },
  authorization: {
    verdict: "refused",
    sentence:
      "The broker at {address} refuses the login of the relay itself ({detail}; sent: {login}): that credential is missing, wrong or expired, or its user may not connect by WebSocket (allowed_connection_types).",
  },
  "connection-limit": {
    verdict: "unavailable",
    sentence:
      "The broker at {address} takes no further connection ({detail}): raise that limit, of the server or of the account, or close other connections.",
  },
  "jetstream-off": {
    verdict: "refused",
    sentence:
      "JetStream is off ({detail}): enable it in the broker, and for the account of the relay's user; where the stream lies in another account, import its API; where it lies in another domain, see to NATS_JS_DOMAIN and to the leaf node's connection.",
  },
  "no-leader": {
    verdict: "unavailable",
    sentence:
      "JetStream has no leader now ({detail}): the broker is starting, its cluster is electing, or too few of its servers see each other.",
  },
  "stream-missing": {
    verdict: "refused",
    sentence:
      "The stream {stream} does not exist in the account of the relay's user: correct NATS_STREAM or the user, or create it.",
  },
  "stream-unsupported": {
    verdict: "refused",
    sentence:
      "The stream {stream} cannot be served. {detail}: give it limits retention, or let NATS_STREAM name a mirror of it that has limits retention.",
  },
  permission: {
    verdict: "refused",
    sentence:
      "The broker forbids the relay's user {detail}: allow it (docs/deploy.md lists all that is needed; NATS_STREAM is {stream}).",
  },
  "consumer-limit": {
    verdict: "refused",
    sentence:
      "The broker creates no further consumer on {stream} ({detail}): raise max_consumers of the stream or of the account, or remove others.",
  },
  "consumer-refused": {
    verdict: "refused",
    sentence: "The broker refuses the relay's consumer on {stream} ({detail}).",
  },
  "filter-unsupported": {
    verdict: "refused",
    sentence:
      "The broker created a consumer on {stream} that ignores its filter ({detail}): use a version of nats-server that knows it.",
  },
  timeout: {
    verdict: "unavailable",
    sentence: "The broker at {address} took the connection and does not answer ({detail}).",
  },
} as const satisfies Readonly<Record<string, CauseEntry>>;

/** Where all addresses are wss://, what is likeliest comes first. */
const UNREACHABLE_BY_TLS =
  "No connection to {address}: TLS fails (the broker has none and NATS_URL must begin with ws://, or its certificate is not trusted), the broker is down, or the name or the port in NATS_URL is wrong (it must be the port of the broker's websocket block, not its port for TCP clients).";

export type Cause = keyof typeof CAUSES;

/** An `UpstreamError`: its message is the detail. */
interface Failure {
  readonly cause: Cause;
  readonly message: string;
}

/** What a sentence may name besides the error. */
export interface Place {
  readonly servers: readonly string[];
  readonly stream: string;
  /** With what the relay logs in. */
  readonly auth: NatsAuth["kind"];
}

/** Where a relay with these settings reads. */
export function placeOf(nats: NatsSettings | null, stream: string): Place {
  return { servers: nats?.servers ?? [], stream, auth: nats?.auth.kind ?? "none" };
}

export interface Diagnosis {
  readonly cause: Cause;
  /** One sentence that an operator can act on. It names no credential. */
  readonly sentence: string;
}

/** The settings that hold the relay's credential. */
const LOGIN: Readonly<Record<NatsAuth["kind"], string>> = {
  none: "no credential",
  creds: "NATS_CREDS",
  nkey: "NATS_NKEY_SEED",
  token: "NATS_TOKEN",
  userpass: "NATS_USER and NATS_PASS",
};

/** The one diagnosis of a failure, for `/readyz` and every line of the log (O8). */
export function diagnose({ cause, message }: Failure, place: Place): Diagnosis {
  const values: Readonly<Record<string, string>> = {
    address: place.servers.map(addressOf).join(", "),
    stream: place.stream,
    login: LOGIN[place.auth],
    detail: message,
  };
  const isTls = cause === "unreachable" && place.servers.every((server) => server.startsWith("wss:"));
  const template = isTls ? UNREACHABLE_BY_TLS : CAUSES[cause].sentence;
  const sentence = template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
  return { cause, sentence };
}

/** Scheme, host and port; never the credentials that an address may hold. */
function addressOf(server: string): string {
  return /^(\w+:\/\/)(?:[^/@]*@)?([^/?#]*)/.exec(server)?.slice(1).join("") ?? "";
}
