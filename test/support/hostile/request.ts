/** How the tables of hostile requests say what is sent. */
import type { RawHeader } from "../wire/raw-request.ts";

export interface RequestContext {
  /** Of a token for `cellos.events.acme.>` and `cellos.events.shop.*.orders`. */
  readonly token: string;
  /** A token that may read what `subjects` says. */
  readonly tokenFor: (subjects: unknown) => Promise<string>;
  /** The relay's own origin. */
  readonly own: string;
}

export interface HostileRequest {
  /** Of the request line; `/ws/events` when left out. */
  readonly target?: string;
  /** A subject, written into the query as it stands. */
  readonly subject?: string;
  readonly headers?: readonly RawHeader[];
  /** Bytes behind the head. */
  readonly rest?: string;
  /** False: without the good credential. */
  readonly credential?: false;
  /** Another grant than that of the token. */
  readonly subjects?: unknown;
}
export type Make = (context: RequestContext) => HostileRequest;
export type Refusal = readonly [status: number, type: string];

export interface RequestFamily {
  readonly name: string;
  readonly refusal: Refusal;
  readonly hostile: Readonly<Record<string, Make>>;
  readonly good: Readonly<Record<string, Make>>;
}

export const UNAUTHORIZED: Refusal = [401, "/problems/unauthorized"];
export const FORBIDDEN: Refusal = [403, "/problems/forbidden"];
export const BAD: Refusal = [400, "/problems/bad-request"];
export const NOT_FOUND: Refusal = [404, "/problems/not-found"];

export const subject = (text: string) => (): HostileRequest => ({ subject: text });
export const target = (text: string) => (): HostileRequest => ({ target: text });
export const subjects =
  (granted: unknown, asked = "cellos.events.acme.x") =>
  (): HostileRequest => ({
    subjects: granted,
    subject: asked,
  });
export const named =
  (...headers: readonly RawHeader[]) =>
  (): HostileRequest => ({ credential: false, headers });
export const token =
  (make: (token: string) => readonly RawHeader[]) =>
  (context: RequestContext): HostileRequest => ({
    credential: false,
    headers: make(context.token),
  });
export const origin =
  (...values: readonly string[]) =>
  (): HostileRequest => ({
    headers: values.map((value) => ["Origin", value] as const),
    subject: "cellos.events.acme.x",
  });
export const encoded = (text: string): string => Buffer.from(text).toString("base64url");
export const utf8 = (text: string): string => Buffer.from(text).toString("latin1");
export const ACME = "cellos.events.acme.x";
export const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `cellos.events.acme.n${n}`);
