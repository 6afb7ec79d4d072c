import { systemRuntime } from "../../../src/shared/system-runtime.ts";
import { Consumer, type ConsumerEvent, type NewConsumer } from "../../../src/upstream/consumer.ts";
import { PullBudget } from "../../../src/upstream/pull-budget.ts";
import { ModelMessage } from "../model/message.ts";
import { ScriptedConnection } from "./scripted-link.ts";

/** What a consumer is made of, but for its connection. */
export const parts = (): Omit<NewConsumer, "connection"> => ({
  stream: "S",
  filter: "a.>",
  startSeq: 11,
  idleHeartbeatMs: 1_000,
  onLeft: () => {},
  runtime: systemRuntime,
  budget: new PullBudget(),
});

/** A consumer over a connection of its own, and what it said. */

export async function created(
  answer: object = {},
  budget = new PullBudget(),
): Promise<{
  link: ScriptedConnection;
  consumer: Consumer;
  events: ConsumerEvent[];
  budget: PullBudget;
  name: string;
}> {
  const link = new ScriptedConnection();
  link.answer = () => ({ delivered: { stream_seq: 10 }, num_pending: 4, ...answer });
  const events: ConsumerEvent[] = [];
  const { consumer } = await Consumer.create({ ...parts(), budget, connection: link }, (event) => events.push(event));
  const name = link.requests[0]?.subject.split(".")[3] ?? "";
  return { link, consumer, events, budget, name };
}

export const event = (seq: number, dseq: number, pending = 0): ModelMessage =>
  ModelMessage.event({ seq, dseq, pending }, "{}");
export const heartbeat = (lastConsumer: number, lastStream: number): ModelMessage =>
  ModelMessage.status(100, "Idle Heartbeat", { "Nats-Last-Consumer": lastConsumer, "Nats-Last-Stream": lastStream });
