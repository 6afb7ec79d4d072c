/** What the errors of the NATS library mean: their causes (O8). Pure. */
import { AT_LOGIN, greetingError } from "./greeting.ts";
import { lastingSubject, NoResponders, UpstreamError } from "./jetstream-api.ts";

/** What is read of them; an error of the runtime has none of it. */
interface LibraryError {
  readonly code?: string;
  readonly permissionContext?: { readonly operation: string; readonly subject: string };
}

/** Not AUTHENTICATION_TIMEOUT: that is a slow path or a busy broker, and no verdict on the credentials. */
const AUTH_CODES = new Set([
  "AUTHORIZATION_VIOLATION",
  "AUTHENTICATION_EXPIRED",
  "ACCOUNT_AUTHENTICATION_EXPIRED",
  "BAD_CREDS",
  "BAD_AUTHENTICATION",
]);

export function connectError(error: unknown, heard: string | null, isClosed: boolean): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const code = codeOf(error);
  if (code === "AUTHORIZATION_VIOLATION") return new UpstreamError("authorization", AT_LOGIN);
  if (AUTH_CODES.has(code)) return new UpstreamError("authorization", code);
  if (code.startsWith("nkeys: "))
    return new UpstreamError("authorization", `the relay cannot sign with its seed, ${code}`);
  const told = greetingError(heard, isClosed);
  if (told !== null) return told;
  return new UpstreamError("timeout", heard === "" ? "it says nothing" : "it does not finish the login");
}

/** The broker may say why before it closes, as when the user was deleted. */
export function closedError(error: unknown): UpstreamError {
  const code = codeOf(error);
  return AUTH_CODES.has(code)
    ? new UpstreamError("authorization", code)
    : new UpstreamError("unreachable", "the connection was closed");
}

export function requestError(subject: string, error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const code = codeOf(error);
  if (code === "PERMISSIONS_VIOLATION") return permissionError(error);
  if (code === "503") return new NoResponders(subject);
  return new UpstreamError("timeout", `no answer to ${lastingSubject(subject)}`);
}

/** The library hands a forbidden publish to the request that published, and a forbidden inbox to all of them. */
function permissionError(error: unknown): UpstreamError {
  const { operation, subject = "its inbox" } = (error as LibraryError).permissionContext ?? {};
  const verb = operation === "publish" ? "publish" : "subscribe";
  return new UpstreamError("permission", `to ${verb} to ${lastingSubject(subject)}`);
}

/** What the library throws has a code; so may an error of the runtime. */
function codeOf(error: unknown): string {
  return (error as LibraryError | undefined)?.code ?? "";
}
