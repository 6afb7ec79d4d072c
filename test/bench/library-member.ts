/** One client that runs a library as a page would, JSON parsed: the relay's own client, or nats.ws with an ordered consumer. */
import { connect, DeliverPolicy } from "nats.ws";
import { EventStream, type CloudEvent } from "../../src/client/index.ts";
import { STREAM } from "../support/broker/rig-control.ts";
import type { MemberHost, SwarmMember } from "./swarm-member.ts";
import type { Dial } from "./swarm-messages.ts";

type Marked = Pick<CloudEvent<{ readonly mark: number }>, "data">;

const MAX_MESSAGES = 1_000;

export class LibraryMember implements SwarmMember {
  readonly wedged = false;
  marks = 0;
  state: SwarmMember["state"] = "opening";
  closeCode = 1006;
  readonly #host: MemberHost;
  readonly #end: Promise<() => unknown>;

  constructor(dial: Dial, host: MemberHost) {
    this.#host = host;
    this.#end = dial.dialect === "sdk" ? this.#stream(dial) : this.#consume(dial);
    this.#end.catch(() => this.#gone());
  }

  reset(): void {
    this.state = "closed";
    this.#end.then((end) => end()).catch(() => {});
  }

  unwedge(): void {}

  async #stream({ port, path, token, subject }: Dial): Promise<() => void> {
    const url = `http://127.0.0.1:${port}${path}`;
    const stream = new EventStream<Marked>({ url, subject, ...(token === undefined ? {} : { token }) });
    stream.subscribe(({ event }) => this.#take(event));
    stream.addEventListener("statechange", ({ detail }) => {
      if (detail.kind === "live") this.#open();
      else if (detail.kind === "waiting" || detail.kind === "closed") this.#gone();
    });
    return () => stream.close();
  }

  async #consume({ port, subject }: Dial): Promise<() => Promise<void>> {
    const connection = await connect({ servers: `ws://127.0.0.1:${port}`, reconnect: false });
    void connection.closed().then(() => this.#gone());
    const options = { filterSubjects: subject, deliver_policy: DeliverPolicy.New };
    const consumer = await connection.jetstream().consumers.get(STREAM, options);
    await consumer.consume({ max_messages: MAX_MESSAGES, callback: (message) => this.#take(message.json()) });
    this.#open();
    return async () => {
      // Or the broker would keep it for minutes.
      await consumer.delete();
      await connection.close();
    };
  }

  #take({ data }: Marked): void {
    this.marks += 1;
    this.#host.onMark?.(data?.mark ?? Number.NaN);
    this.#host.marks(this, 1);
  }

  #open(): void {
    if (this.state !== "opening") return;
    this.state = "open";
    this.#host.opened();
  }

  #gone(): void {
    if (this.state === "closed") return;
    const before = this.state;
    this.state = "closed";
    if (before === "opening") this.#host.refused(this);
    else this.#host.closed(this);
  }
}
