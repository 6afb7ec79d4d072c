/** EFFECTS: whether a credential may open one more subject (B4): asked of its ledger, remembered for a little while. */
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { systemRuntime } from "../shared/system-runtime.ts";

/** Clients of one credential and subject come in crowds; one question answers for all of them. */
const REMEMBERED_MS = 20_000;
const MAX_REMEMBERED = 10_000;

const allowedUntilMs = new Map<string, number>();

/** True also when the ledger cannot be asked: the limit protects the relay, it is no credential. */
export async function mayOpen(
  ledgers: Env["LEDGER"],
  grantId: string,
  subject: string,
  maxSubjects: number,
): Promise<boolean> {
  const key = `${grantId} ${subject}`;
  const nowMs = systemRuntime.nowMs();
  if ((allowedUntilMs.get(key) ?? 0) > nowMs) return true;
  try {
    if (!(await ledgers.getByName(grantId).open(subject, maxSubjects))) return false;
  } catch (error) {
    logEvent("ledger-unreachable", describeError(error));
    return true;
  }
  if (allowedUntilMs.size >= MAX_REMEMBERED) allowedUntilMs.clear();
  allowedUntilMs.set(key, nowMs + REMEMBERED_MS);
  return true;
}
