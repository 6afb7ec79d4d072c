/** A question for the status of a subject (O4): those checks of H3 that a question needs, in its order. Pure. */
import type { Config } from "../config/config.ts";
import type { Grant } from "../grant/grant.ts";
import { isValidFilter } from "../protocol/subject.ts";
import { admitCaller, permittedSubject, type CallerInput, type Refused } from "./admission.ts";
import { valuesOf } from "./query.ts";
import type { RefusalReason } from "./refusals.ts";

export interface StatusQuestion {
  readonly kind: "admitted";
  readonly grant: Grant;
  readonly subject: string;
  /** In all regions, not in the caller's alone. */
  readonly all: boolean;
}

export function admitStatus(input: CallerInput, search: string, config: Config): StatusQuestion | Refused {
  const caller = admitCaller(input, config);
  if (caller.kind === "refused") return caller;
  const query = parseStatusQuery(search);
  if ("reason" in query) return { kind: "refused", reason: query.reason };
  const { grant } = caller;
  const subject = permittedSubject(query, grant, null, config);
  if (subject === null) return { kind: "refused", reason: "subject-forbidden" };
  return { kind: "admitted", grant, subject, all: query.all };
}

type StatusQuery = { readonly subject: string | null; readonly all: boolean } | { readonly reason: RefusalReason };

/** As the query of a request for events (H5). */
function parseStatusQuery(search: string): StatusQuery {
  const [subjects, alls] = [valuesOf(search, "subject"), valuesOf(search, "all")];
  if (subjects.length > 1 || alls.length > 1) return { reason: "repeated-parameter" };
  const [subject, all] = [subjects[0], alls[0]];
  if (subject === null || all === null) return { reason: "bad-encoding" };
  if (subject !== undefined && !isValidFilter(subject)) return { reason: "bad-subject" };
  if (all !== undefined && all !== "1") return { reason: "bad-all" };
  return { subject: subject ?? null, all: all !== undefined };
}
