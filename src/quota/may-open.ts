/** EFFECTS: whether a grant may have one more subject open (B4), or one more client (A9): asked of its ledger. */
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { systemRuntime } from "../shared/system-runtime.ts";
import { within } from "../shared/within.ts";

const MAX_REMEMBERED = 10_000;
/** A join waits no longer for its ledger: one that hangs must not keep anybody out. */
const ASK_TIMEOUT_MS = 5_000;

/** By grant and subject. Only what the ledger allowed to remember, and it counts the subject for longer than that. */
const allowedUntilMs = new Map<string, number>();

/** A subject of a grant, and how many of them it may have open. */
export interface Wish {
  readonly grantId: string;
  readonly subject: string;
  readonly maxSubjects: number;
}

export interface ClientWish {
  readonly grantId: string;
  readonly maxClients: number;
}

/**
 * `asked`: the ledger counts the client as on its way; its room says when it has arrived. `assumed`: let through without
 * that, because the ledger said so before, or cannot be asked: the limit protects the relay, it is no credential.
 */
export type Permission = "asked" | "assumed" | "refused";

/** Asks for one more client of the grant. */
export async function mayOpen(ledgers: Env["LEDGER"], wish: Wish): Promise<Permission> {
  const { grantId, subject, maxSubjects } = wish;
  const key = `${grantId} ${subject}`;
  const nowMs = systemRuntime.nowMs();
  if ((allowedUntilMs.get(key) ?? 0) > nowMs) return "assumed";
  const answer = await asked(() => ledgers.getByName(grantId).ask(subject, maxSubjects), null);
  if (answer === null) return "assumed";
  if (!answer.isAllowed) return "refused";
  if (answer.rememberMs > 0) remember(key, nowMs + answer.rememberMs);
  return "asked";
}

function remember(key: string, untilMs: number): void {
  if (allowedUntilMs.size >= MAX_REMEMBERED) allowedUntilMs.clear();
  allowedUntilMs.set(key, untilMs);
}

/** What mayOpen() would say; takes no place. */
export function couldOpen(ledgers: Env["LEDGER"], { grantId, subject, maxSubjects }: Wish): Promise<boolean> {
  return asked(() => ledgers.getByName(grantId).wouldAllow(subject, maxSubjects), true);
}

/** A client that the ledger was asked about will not arrive. Unheard, the place comes back one lease later. */
export async function letGo(ledgers: Env["LEDGER"], { grantId, subject }: Wish): Promise<void> {
  await asked(() => ledgers.getByName(grantId).close(subject, "", 1), null);
}

/** Whether one more client of the grant may come beside `maxClients` at most; `asked` and `assumed` as for mayOpen(). */
export async function mayCome(ledgers: Env["LEDGER"], { grantId, maxClients }: ClientWish): Promise<Permission> {
  const isAllowed = await asked(() => ledgers.getByName(grantId).askClient(maxClients), null);
  if (isAllowed === null) return "assumed";
  return isAllowed ? "asked" : "refused";
}

/** What mayCome() would say; takes no place. */
export function couldCome(ledgers: Env["LEDGER"], { grantId, maxClients }: ClientWish): Promise<boolean> {
  return asked(() => ledgers.getByName(grantId).wouldAllowClient(maxClients), true);
}

/** A client that the ledger was asked about will not arrive: as letGo(). */
export async function letClientGo(ledgers: Env["LEDGER"], { grantId }: ClientWish): Promise<void> {
  await asked(() => ledgers.getByName(grantId).count("", 0, 1), null);
}

/** What the ledger says; `unheard` where it cannot be asked, or says nothing. */
async function asked<T, U>(call: () => Promise<T>, unheard: U): Promise<T | U> {
  try {
    return await within(systemRuntime, ASK_TIMEOUT_MS, call());
  } catch (error) {
    logEvent("ledger-unreachable", describeError(error));
    return unheard;
  }
}
