/** EFFECTS: the places that a join takes in its grant's ledger, where subjects (B4) or clients (A9) are limited. */
import { couldCome, couldOpen, letClientGo, letGo, mayCome, mayOpen } from "../quota/may-open.ts";
import type { JoinRequest } from "../room/join/request.ts";
import type { Admitted } from "./admission.ts";
import type { RefusalReason } from "./refusals.ts";

export type Taken =
  | (Pick<JoinRequest, "place" | "isCounted"> & {
      readonly kind: "taken";
      /** Gives back what a join that comes to nothing has taken. */
      readonly giveBack: () => Promise<void>;
    })
  | { readonly kind: "refused"; readonly reason: RefusalReason };

type Limits = Pick<Admitted, "join" | "maxSubjects" | "maxClients">;

/** Takes one place of each kind that is limited, or none. */
export async function takePlaces(ledgers: Env["LEDGER"], limits: Limits): Promise<Taken> {
  const { subject, client } = wishesOf(limits);
  const place = subject === null ? "none" : await mayOpen(ledgers, subject);
  if (place === "refused") return { kind: "refused", reason: "too-many-subjects" };
  const leave = async (): Promise<void> => {
    if (subject !== null && place === "asked") await letGo(ledgers, subject);
  };
  const come = client === null ? "assumed" : await mayCome(ledgers, client);
  if (come === "refused") {
    await leave();
    return { kind: "refused", reason: "too-many-clients" };
  }
  const isCounted = come === "asked";
  const giveBack = async (): Promise<void> => {
    await leave();
    if (client !== null && isCounted) await letClientGo(ledgers, client);
  };
  return { kind: "taken", place, isCounted, giveBack };
}

/** Why takePlaces() would refuse, or null. Takes nothing. */
export async function lackOfPlaces(ledgers: Env["LEDGER"], limits: Limits): Promise<RefusalReason | null> {
  const { subject, client } = wishesOf(limits);
  if (subject !== null && !(await couldOpen(ledgers, subject))) return "too-many-subjects";
  return client === null || (await couldCome(ledgers, client)) ? null : "too-many-clients";
}

function wishesOf({ join: { grantId, subject }, maxSubjects, maxClients }: Limits) {
  return {
    subject: maxSubjects === null ? null : { grantId, subject, maxSubjects },
    client: maxClients === null ? null : { grantId, maxClients },
  };
}
