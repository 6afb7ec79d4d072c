/**
 * Why no connection to the broker came about (O8), from what answered: the status of an upgrade, the first words on the
 * socket, the name that the NATS library gives its error. Pure.
 */
import type { Cause } from "./causes.ts";
import { UpstreamError } from "./jetstream-api.ts";

/** Statuses of something that stands before the broker and has no way to it, or is asked too often. */
function isOfGateway(status: number): boolean {
  return status === 429 || (status >= 502 && status <= 504) || (status >= 520 && status <= 530);
}

/** From the HTTP status that answered an upgrade, which was not 101. */
export function upgradeError(status: number): UpstreamError {
  if (isOfGateway(status)) {
    const meaning = status === 429 ? "it limits requests" : "it does not reach the broker";
    return new UpstreamError("gateway", `${status}: ${meaning}`);
  }
  if (status === 401 || status === 403) return new UpstreamError("authorization", `HTTP ${status} to the upgrade`);
  return new UpstreamError("not-a-broker", `HTTP ${status} to the upgrade`);
}

/** What a broker says before it closes a connection, by its beginning and in lower case. */
const FAREWELLS: readonly (readonly [RegExp, Cause])[] = [
  [/authorization violation|authentication expired|authentication revoked/, "authorization"],
  [/maximum (account |user )?(active )?connections/, "connection-limit"],
  [/authentication timeout|stale connection|server shutdown|lame duck/, "timeout"],
];

/** Of a login that was refused: the same whether the broker was heard saying so, or only closing. */
export const AT_LOGIN = "at the login";

/** It greeted, asked for a login, and closed at it. Its reason may be lost with the connection: a second try may hear it. */
export class ClosedAtLogin extends UpstreamError {
  override readonly name = "ClosedAtLogin";
  constructor() {
    super("authorization", AT_LOGIN);
  }
}

/**
 * Why the connection did not come about, from what was heard on the socket; null when nothing tells. `heard` is null
 * while nothing has answered the upgrade; `isClosed`: the other side has closed.
 */
export function greetingError(heard: string | null, isClosed: boolean): UpstreamError | null {
  if (heard === null) return new UpstreamError("unreachable", "no answer to the upgrade");
  const farewell = /^-ERR '?([^'\r\n]*)/m.exec(heard)?.[1];
  if (farewell !== undefined) {
    const known = FAREWELLS.find(([pattern]) => pattern.test(farewell.toLowerCase()));
    const isPlain = /^authorization violation/i.test(farewell);
    return new UpstreamError(known?.[1] ?? "not-a-broker", isPlain ? AT_LOGIN : farewell);
  }
  if (heard !== "" && !/^INFO\s/i.test(heard)) return new UpstreamError("not-a-broker", "its first words are no NATS");
  return isClosed && /^INFO .*"auth_required": ?true/i.test(heard) ? new ClosedAtLogin() : null;
}
