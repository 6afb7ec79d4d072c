/**
 * The attempts of a room to get a connection to the broker. Several may be under way, since one that hangs must not hold up
 * the next (W12). The first that opens is used; a later one replaces it only if it answers and the other does not, so
 * that a broker that is slow is not asked for the same again and again.
 */
import type { BrokerConnection } from "./connection.ts";
import type { FeedOptions, FeedPorts } from "./feed-ports.ts";
import { isAnswer, streamInfoSubject, UpstreamError } from "./jetstream-api.ts";

export interface ConnectionAttempt {
  readonly signal: AbortSignal;
  readonly abort: () => void;
  /** It was ended because newer ones wait, and not because nobody waits for it any more. */
  isPushedOut: boolean;
}

/** How long a connection that others have their eye on may take to answer. */
const PROVE_MS = 500;
const ANSWER_TIMEOUT_MS = 5_000;
/** Of the six connections that may wait for headers at a time (DO-25). */
const MAX_DIALS = 4;

/** Whether a connection answers: asked once, and looked at later too. */
interface Question {
  readonly connection: BrokerConnection;
  /** Null when it answers, be it with a no. */
  readonly failure: Promise<UpstreamError | null>;
}

export class ConnectionAttempts {
  readonly #ports: FeedPorts;
  readonly #options: FeedOptions;
  readonly #current: () => BrokerConnection | null;
  readonly #underWay = new Set<ConnectionAttempt>();
  readonly #dials = new Set<ConnectionAttempt>();

  /** `current`: the connection in use, which a try may find better than its own. */
  constructor(ports: FeedPorts, options: FeedOptions, current: () => BrokerConnection | null) {
    this.#ports = ports;
    this.#options = options;
    this.#current = current;
  }

  get count(): number {
    return this.#underWay.size;
  }

  begin(): ConnectionAttempt {
    const controller = new AbortController();
    const attempt: ConnectionAttempt = {
      signal: controller.signal,
      abort: () => controller.abort(),
      isPushedOut: false,
    };
    this.#underWay.add(attempt);
    return attempt;
  }

  /** It is over, or nobody waits for it any more. */
  end(attempt: ConnectionAttempt): void {
    this.#underWay.delete(attempt);
    attempt.abort();
  }

  endAll(): void {
    for (const attempt of this.#underWay) this.end(attempt);
  }

  /** Null when it is not needed: it was ended, or the connection in use answers. Throws UpstreamError. */
  async connect(
    attempt: ConnectionAttempt,
    onClosed: (connection: BrokerConnection | null, why: string) => void,
  ): Promise<BrokerConnection | null> {
    const elder = this.#question(this.#current());
    if (elder !== null && (await this.#answersSoon(elder))) return null;
    if (attempt.signal.aborted) return null;
    const connection = await this.#dial(attempt, onClosed);
    const isBetter = await this.#isBetter(attempt, connection, elder).catch((error: unknown) => {
      connection.close();
      throw error;
    });
    if (isBetter) return connection;
    connection.close();
    return null;
  }

  async #dial(
    attempt: ConnectionAttempt,
    onClosed: (connection: BrokerConnection | null, why: string) => void,
  ): Promise<BrokerConnection> {
    const [oldest] = this.#dials;
    if (oldest !== undefined && this.#dials.size >= MAX_DIALS) {
      this.#dials.delete(oldest);
      oldest.isPushedOut = true;
      this.end(oldest);
    }
    this.#dials.add(attempt);
    let connection: BrokerConnection | null = null;
    const { nats, filter } = this.#options;
    try {
      return (connection = await this.#ports.openConnection(
        nats,
        `cellos-relay ${filter}`,
        (why) => onClosed(connection, why),
        attempt.signal,
      ));
    } finally {
      this.#dials.delete(attempt);
    }
  }

  async #isBetter(
    { signal }: ConnectionAttempt,
    connection: BrokerConnection,
    elder: Question | null,
  ): Promise<boolean> {
    while (!signal.aborted) {
      const rival = this.#current();
      if (rival === null) return true;
      const theirs = elder?.connection === rival ? elder : this.#ask(rival);
      const failure = await this.#ask(connection).failure;
      if (failure !== null) throw failure;
      if (await this.#answersSoon(theirs)) return false;
      if (this.#current() === rival) return !signal.aborted;
    }
    return false;
  }

  #question(connection: BrokerConnection | null): Question | null {
    return connection && this.#ask(connection);
  }

  #ask(connection: BrokerConnection): Question {
    const failure = connection.request(streamInfoSubject(this.#options.stream), null, ANSWER_TIMEOUT_MS).then(
      () => null,
      (error: unknown) => {
        if (isAnswer(error)) return null;
        return error instanceof UpstreamError ? error : new UpstreamError("timeout", "no answer to STREAM.INFO");
      },
    );
    return { connection, failure };
  }

  #answersSoon({ failure }: Question): Promise<boolean> {
    return Promise.race([
      failure.then((error) => error === null),
      this.#ports.runtime.delay(PROVE_MS).then(() => false),
    ]);
  }
}
