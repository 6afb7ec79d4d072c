/**
 * EFFECTS: what becomes of open connections when their credentials expire (A3), are renewed (V8), or are not accepted any
 * more (A10).
 */
import type { Config } from "../config/config.ts";
import { apiTokenIds, authenticate } from "../grant/authenticate.ts";
import { isAccepted } from "../grant/standing.ts";
import type { CloseName } from "../protocol/codes.ts";
import type { Runtime } from "../shared/runtime.ts";
import type { Session } from "./delivery/session.ts";
import { Expiry } from "./expiry.ts";
import { Renewal } from "./renewal.ts";
import type { Sockets } from "./sockets.ts";

/** What is done to a session. */
export interface CredentialsHost {
  readonly subject: () => string;
  answer(session: Session, text: string): void;
  close(session: Session, name: CloseName): void;
  /** Its credential is another one now, and is written down: what hangs on its grant or its expiry follows. */
  changed(session: Session, formerGrantId: string): void;
}

/** An alarm for what is overdue: not at once, or a fault would make alarms without end. */
const SOON_MS = 500;

export class Credentials {
  readonly #runtime: Runtime;
  readonly #sockets: Sockets;
  readonly #host: CredentialsHost;
  readonly #expiry: Expiry;
  readonly #renewal: Renewal;

  constructor(runtime: Runtime, sockets: Sockets, config: () => Config | null, host: CredentialsHost) {
    this.#runtime = runtime;
    this.#sockets = sockets;
    this.#host = host;
    this.#expiry = new Expiry(
      runtime,
      () => sockets.all(),
      (session) => host.close(session, "tokenExpired"),
    );
    this.#renewal = new Renewal({
      runtime,
      subject: host.subject,
      authenticate: async (token) => {
        const known = config();
        return known === null ? { kind: "unavailable" } : authenticate({ kind: "bearer", token }, known);
      },
      isHere: (session) => sockets.has(session),
      answer: (session, text) => host.answer(session, text),
      close: (session, name) => host.close(session, name),
      changed: (session, formerGrantId) => {
        sockets.write(session);
        this.#expiry.note(session);
        host.changed(session, formerGrantId);
      },
    });
  }

  /** With the next heartbeat, or for the first credential that expires before it (A3). */
  alarmDueMs({ heartbeatMs }: Config): number {
    const wallMs = this.#runtime.wallMs();
    return Math.min(wallMs + heartbeatMs, Math.max(wallMs + SOON_MS, this.#expiry.earliestMs ?? Infinity));
  }

  /** A client came in. */
  entered(session: Session, isAwake: boolean): void {
    this.#expiry.note(session);
    this.#expiry.keep(isAwake);
  }

  /** The room took up these sessions after a loss of memory. */
  woke(sessions: readonly Session[], config: Config, isAwake: boolean): void {
    for (const session of sessions) {
      if (session.mark === null) this.#host.close(session, "tokenRefused");
      this.#expiry.note(session);
    }
    this.beat(config, isAwake);
  }

  /** With every heartbeat, and with the alarm. */
  beat(config: Config, isAwake: boolean): void {
    this.#expiry.check();
    this.#expiry.keep(isAwake);
    void this.#endRefused(config);
  }

  /** Nobody is here any more, and nothing keeps the room awake. */
  rest(): void {
    this.#expiry.keep(false);
  }

  /** Null when the message brings no token (V8); else resolves when it is answered. */
  take(session: Session, message: string | ArrayBuffer): Promise<void> | null {
    return this.#renewal.take(session, message);
  }

  async #endRefused(config: Config): Promise<void> {
    const tokenIds = await apiTokenIds(config);
    for (const session of [...this.#sockets.all()])
      if (!isAccepted(session, config, tokenIds)) this.#host.close(session, "tokenRefused");
  }
}
