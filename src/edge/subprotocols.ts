/** Which protocol a connection speaks, from what the client offered: V1. */
import { BEARER_PREFIX, V1, V2, type Protocol } from "../protocol/subprotocol.ts";

export type Choice =
  /** `echo` says whether the 101 must name the protocol: a browser fails when it does and nothing was offered. */
  { readonly ok: true; readonly protocol: Protocol; readonly echo: boolean } | { readonly ok: false };

/** A token of HTTP, which is what RFC 6455 allows a subprotocol to be. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Chooses from the header `Sec-WebSocket-Protocol`, null when absent; a bearer value is no protocol. */
export function chooseProtocol(header: string | null): Choice {
  const offered = (header ?? "")
    .split(",")
    .map((value) => value.trim())
    .filter((value) => value !== "");
  if (offered.length === 0) return { ok: true, protocol: V1, echo: false };
  if (new Set(offered).size !== offered.length || !offered.every((value) => TOKEN.test(value))) return { ok: false };
  const names = offered.filter((value) => !value.startsWith(BEARER_PREFIX));
  if (names.includes(V2)) return { ok: true, protocol: V2, echo: true };
  if (names.includes(V1)) return { ok: true, protocol: V1, echo: true };
  return { ok: false };
}
