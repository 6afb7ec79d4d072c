import { describe, expect, it } from "vitest";
import { systemRuntime } from "../../../src/shared/system-runtime.ts";
import { Consumer } from "../../../src/upstream/consumer.ts";
import { UpstreamError } from "../../../src/upstream/jetstream-api.ts";
import { Leftovers } from "../../../src/upstream/leftovers.ts";
import { PullBudget } from "../../../src/upstream/pull-budget.ts";
import { ScriptedConnection } from "../../support/broker/scripted-link.ts";

const OPTIONS = { stream: "S", filter: "a.>", startSeq: 11, idleHeartbeatMs: 1_000 };

describe("what a lost connection leaves at the broker", () => {
  it("[U1] a consumer whose end nobody confirmed is named to its owner, be it half made or half deleted", async () => {
    const left: string[] = [];
    const onLeft = (name: string): void => void left.push(name);
    const wanted = { ...OPTIONS, runtime: systemRuntime, budget: new PullBudget(), onLeft };
    const dead = new ScriptedConnection();
    dead.answer = () => {
      throw new UpstreamError("timeout", "closed");
    };
    await expect(Consumer.create({ ...wanted, connection: dead }, () => {})).rejects.toThrow("closed");
    expect(left).toEqual([dead.requests[0]?.subject.split(".")[3]]);
    const link = new ScriptedConnection();
    const { consumer } = await Consumer.create({ ...wanted, connection: link }, () => {});
    link.answer = dead.answer;
    await consumer.stop();
    expect(left[1]).toBe(link.requests[0]?.subject.split(".")[3]);
    const { consumer: other } = await Consumer.create({ ...wanted, connection: new ScriptedConnection() }, () => {});
    await other.stop();
    expect(left).toHaveLength(2);
  });

  it("[U1] is deleted by name when there is a connection again, once, and whatever the broker says", async () => {
    const leftovers = new Leftovers("S");
    for (const name of ["gone", "there", "unheard"]) leftovers.add(name);
    const link = new ScriptedConnection();
    link.answer = ({ subject }) => {
      if (subject.endsWith("unheard")) throw new UpstreamError("timeout", "no answer");
      if (subject.endsWith("gone")) throw new UpstreamError("permission", "consumer not found");
      return { success: true };
    };
    await leftovers.delete(link);
    const asked = (): (string | undefined)[] => link.requests.map(({ subject }) => subject.split(".").at(-1));
    expect(asked()).toEqual(["gone", "there", "unheard"]);
    await leftovers.delete(link);
    expect(asked().slice(3)).toEqual(["unheard"]);
  });
});
