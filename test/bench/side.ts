/** One side of a comparison: where its clients connect, what makes it send, and which processes pay for it. */
import { EventTemplate, FIRST_MARK } from "./event-template.ts";
import { TOKEN, type Ground } from "./ground.ts";
import type { Dial } from "./swarm-messages.ts";

/** With counting clients: whoever reads costs next to nothing, and what is measured is the server. */
export const SIDES = ["v1", "v2", "push", "nats", "bridge", "ceiling"] as const;
/** `sdk`, `nats.ws`: with the library that a page would run. */
export type SideName = (typeof SIDES)[number] | "sdk" | "nats.ws";

export const LABELS: Readonly<Record<SideName, string>> = {
  v1: "relay v1",
  v2: "relay v2",
  push: "nats-server's WebSocket, a consumer each",
  nats: "nats-server's WebSocket, no JetStream",
  bridge: "plain Node bridge",
  ceiling: "Durable Object, sends only",
  sdk: "relay v2, EventStream",
  "nats.ws": "nats-server's WebSocket, nats.ws",
};

/** Sides that would be done before the kernel's clock of CPU time has ticked often enough. */
export const FAST: ReadonlySet<SideName> = new Set(["v2", "push", "nats"]);

export interface Source {
  /** Sends events with these marks to whoever listens. */
  send(marks: readonly number[]): Promise<void>;
}

export interface Side {
  readonly name: SideName;
  /** The server that has the clients, and the broker unless it is the same or not needed. */
  readonly pid: number;
  readonly brokerPid: number | null;
  dial(subject: string, clients: number): Dial;
  source(subject: string, bytes: number): Source;
}

const MIB = 1024 * 1024;
const KIB = 1024;
const WAVE = 64;
/** As `welcome` says it by default. */
const ACK_BYTES = 128 * KIB;

/**
 * What may be under way to one client. v1 clients of a room share what may lie unproven (B1), so many of them have
 * less each, and so has what v1 is compared with. The others have four times as much, and four times the events.
 */
export function windowBytes(name: SideName, clients: number): number {
  const shareBytes = ((FAST.has(name) ? 96 : 24) * MIB) / clients;
  return Math.floor(Math.min(768 * KIB, Math.max(16 * KIB, shareBytes)));
}

/** A v1 client has no duty to ping, and is cut for it under such a load; so ours does (B1), whoever it speaks to. */
function pingBytes(name: SideName, clients: number): number {
  if (name === "v2") return ACK_BYTES;
  return name === "v1" || name === "ceiling" ? Math.floor(Math.min(ACK_BYTES, windowBytes(name, clients) / 2)) : 0;
}

export async function openSide(ground: Ground, name: SideName): Promise<Side> {
  const { pid, port } = await serverOf(ground, name);
  const broker = ground.broker.child?.pid ?? 0;
  return {
    name,
    pid,
    brokerPid: name === "ceiling" || isDirect(name) ? null : broker,
    dial: (subject, clients) => ({
      dialect: name === "bridge" || name === "ceiling" ? "v1" : name,
      port,
      path: "/ws/events",
      token: TOKEN,
      subject,
      clients,
      pingBytes: pingBytes(name, clients),
      wave: WAVE,
    }),
    source: (subject, bytes) =>
      name === "ceiling" ? ceilingSource(port, subject, bytes) : natsSource(ground, subject, bytes),
  };
}

/** True when the broker itself has the clients. */
function isDirect(name: SideName): boolean {
  return name === "nats" || name === "push" || name === "nats.ws";
}

/** True when every client has a consumer of its own. */
export function hasConsumers(name: SideName): boolean {
  return name === "push" || name === "nats.ws";
}

async function serverOf(ground: Ground, name: SideName): Promise<{ readonly pid: number; readonly port: number }> {
  switch (name) {
    case "v1":
    case "v2":
    case "sdk":
      return ground.relay();
    case "bridge":
      return ground.bridge();
    case "ceiling":
      return ground.ceiling();
    case "nats":
    case "push":
    case "nats.ws":
      return { pid: ground.broker.child?.pid ?? 0, port: ground.broker.port };
  }
}

function natsSource({ publisher }: Ground, subject: string, bytes: number): Source {
  const template = new EventTemplate(bytes);
  return {
    send: async (marks) => publisher.send(subject, template, marks),
  };
}

/** Sends frames as large as the relay's of such events, all with the first mark. */
function ceilingSource(port: number, subject: string, bytes: number): Source {
  const template = new EventTemplate(bytes);
  return {
    send: async (marks) => {
      template.write(template.bytes, 0, marks[0] ?? FIRST_MARK);
      const body = `{"seq":${FIRST_MARK},"event":${template.bytes.toString()}}`;
      const url = `http://127.0.0.1:${port}/?subject=${subject}&count=${marks.length}`;
      const answer = await fetch(url, { method: "POST", body });
      if (!answer.ok) throw new Error(`The ceiling's Worker answered ${answer.status}.`);
    },
  };
}
