/** Whether a credential that admitted a connection is still accepted (A10). Pure. */
import type { Config } from "../config/config.ts";
import type { CredentialMark } from "./grant.ts";

/** A connection's credential as its socket keeps it; null where an older version wrote that. */
export interface Standing {
  readonly grantId: string;
  readonly mark: CredentialMark | null;
}

/** `apiTokenIds`: the grant ids of the API tokens that are set now. */
export function isAccepted({ grantId, mark }: Standing, { jwt }: Config, apiTokenIds: ReadonlySet<string>): boolean {
  if (mark === null) return false;
  if (mark.kind === "api-token") return apiTokenIds.has(grantId);
  return jwt !== null && [mark.sub, mark.jti].every((name) => name === null || !jwt.denied.has(name));
}
