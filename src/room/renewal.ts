/** A token that replaces a connection's credential in place (V8): counted, checked one at a time, answered in order. */
import { covers, type Authentication, type Grant } from "../grant/grant.ts";
import { authorizedFrame, authUnavailableFrame, expiryAt } from "../protocol/frames.ts";
import { readAuthFrame } from "../protocol/auth-frame.ts";
import type { CloseName } from "../protocol/codes.ts";
import { V2 } from "../protocol/subprotocol.ts";
import { describeError } from "../shared/log-line.ts";
import type { Runtime } from "../shared/runtime.ts";
import { isTooBig } from "./delivery/inbound.ts";
import type { Session } from "./delivery/session.ts";

const MAX_PER_MINUTE = 6;
const MINUTE_MS = 60_000;

export interface RenewalPorts {
  readonly runtime: Runtime;
  readonly subject: () => string;
  authenticate(token: string): Promise<Authentication>;
  isHere(session: Session): boolean;
  /** Sends a frame that carries no cursor, whatever the client owes. */
  answer(session: Session, text: string): void;
  close(session: Session, name: CloseName): void;
  /** The session's credential has changed, and for an API token the name of its grant with it. */
  changed(session: Session, formerGrantId: string): void;
}

/** What is known of the frames of one session. Lost when the room sleeps, as the count of its other messages is. */
interface Renewing {
  readonly timesMs: number[];
  waiting: number;
  last: Promise<void>;
}

export class Renewal {
  readonly #ports: RenewalPorts;
  readonly #renewing = new WeakMap<Session, Renewing>();

  constructor(ports: RenewalPorts) {
    this.#ports = ports;
  }

  /** Null when the message is no such frame. One that is, W10 does not count; resolves when it is answered. */
  take(session: Session, message: string | ArrayBuffer): Promise<void> | null {
    if (session.protocol !== V2 || typeof message !== "string" || isTooBig(message)) return null;
    const token = readAuthFrame(message);
    if (token === null) return null;
    const renewing = this.#renewing.get(session) ?? { timesMs: [], waiting: 0, last: Promise.resolve() };
    this.#renewing.set(session, renewing);
    if (isTooMany(renewing.timesMs, this.#ports.runtime.nowMs())) {
      this.#ports.close(session, "tooManyMessages");
      return renewing.last;
    }
    renewing.waiting += 1;
    session.isRenewing = true;
    renewing.last = renewing.last.then(() => this.#answer(session, token, renewing));
    return renewing.last;
  }

  async #answer(session: Session, token: string, renewing: Renewing): Promise<void> {
    try {
      if (!this.#ports.isHere(session)) return;
      const authentication = await this.#ports.authenticate(token);
      renewing.waiting -= 1;
      session.isRenewing = renewing.waiting > 0;
      if (this.#ports.isHere(session)) this.#apply(session, authentication);
    } catch (error) {
      this.#ports.runtime.log("renewal-failed", describeError(error));
      this.#ports.close(session, "internalError");
    }
  }

  #apply(session: Session, authentication: Authentication): void {
    const ports = this.#ports;
    if (authentication.kind === "unavailable") return ports.answer(session, authUnavailableFrame());
    if (authentication.kind !== "granted") return ports.close(session, "tokenRefused");
    const { grant } = authentication;
    if (!mayFollow(session, grant) || !covers(grant, ports.subject())) return ports.close(session, "forbidden");
    const { grantId: formerGrantId } = session;
    session.expiresAtMs = grant.expiresAtMs;
    session.grantId = grant.id;
    session.mark = grant.mark;
    ports.changed(session, formerGrantId);
    ports.answer(session, authorizedFrame(expiryAt(grant.expiresAtMs, ports.runtime.wallMs())));
  }
}

/** A connection stays its holder's: the limits of a grant and its end by revocation hang on that. API tokens are rotated. */
function mayFollow({ grantId, mark }: Session, grant: Grant): boolean {
  if (mark?.kind !== grant.mark.kind) return false;
  return grant.mark.kind === "api-token" || grantId === grant.id;
}

function isTooMany(timesMs: number[], nowMs: number): boolean {
  while (timesMs.length > 0 && nowMs - (timesMs[0] ?? nowMs) >= MINUTE_MS) timesMs.shift();
  return timesMs.push(nowMs) > MAX_PER_MINUTE;
}
