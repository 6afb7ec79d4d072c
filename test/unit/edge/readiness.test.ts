import { beforeEach, describe, expect, it, vi } from "vitest";
import { loadConfig } from "../../../src/config/config.ts";
import { FRESH_MS, ProbeSharing } from "../../../src/edge/probe-sharing.ts";
import { ReadinessCheck, type AskBroker } from "../../../src/edge/readiness.ts";
import type { Diagnosis } from "../../../src/upstream/causes.ts";

const ready = () => loadConfig({ NATS_URL: "ws://127.0.0.1:1", RELAY_API_TOKEN: "t" });
const fine: AskBroker = () => Promise.resolve({ trouble: null, freshForMs: 0 });
const TROUBLE: Diagnosis = { cause: "stream-missing", sentence: "No such stream." };

let nowMs = 0;
beforeEach(() => void (nowMs = 1_000));

describe("ReadinessCheck", () => {
  const run: ReadinessCheck["run"] = (loaded, ask) => new ReadinessCheck(() => nowMs).run(loaded, ask);

  it("[H9] is ready when the configuration, the credential and the broker are", async () => {
    expect(await run(ready(), fine)).toEqual({
      ready: true,
      cause: null,
      checks: { config: "ok", credentials: "ok", broker: "ok" },
    });
  });

  it("[O2] names every invalid setting, and asks nobody", async () => {
    const ask = vi.fn<AskBroker>(fine);
    const { ready: isReady, cause, checks } = await run(loadConfig({ BATCH_MS: "x", MAX_SHARDS: "0" }), ask);
    expect([isReady, cause]).toEqual([false, null]);
    expect(checks.config).toMatch(/^BATCH_MS must be .*\. MAX_SHARDS must be .*\.$/);
    expect(ask).not.toHaveBeenCalled();
  });

  it("[A4] is not ready without a credential, nor [W11] [O8] without a broker", async () => {
    expect(await run(loadConfig({ NATS_URL: "ws://127.0.0.1:1" }), fine)).toMatchObject({
      ready: false,
      cause: null,
      checks: { broker: "ok" },
    });
    const without = await run(loadConfig({ RELAY_API_TOKEN: "t" }), fine);
    expect(without).toMatchObject({ ready: false, cause: "not-configured", checks: { credentials: "ok" } });
    expect(without.checks.broker).toContain("NATS_URL");
  });

  it("[H9] [O8] names the broker's cause, and repeats it for as long as the answer is fresh", async () => {
    const check = new ReadinessCheck(() => nowMs);
    const loaded = ready();
    const ask = vi
      .fn<AskBroker>()
      .mockResolvedValueOnce({ trouble: TROUBLE, freshForMs: 700 })
      .mockImplementation(fine);
    const not = { ready: false, cause: "stream-missing", checks: { broker: "No such stream." } };
    expect(await check.run(loaded, ask)).toMatchObject(not);
    nowMs += 699;
    expect(await check.run(loaded, ask)).toMatchObject(not);
    expect(ask).toHaveBeenCalledTimes(1);
    nowMs += 1;
    expect(await check.run(loaded, ask)).toMatchObject({ ready: true, cause: null });
  });

  it("[H9] is not ready, and says so, where the object that probes cannot be reached", async () => {
    const answer = await run(ready(), () => Promise.reject(new Error("overloaded")));
    expect(answer).toMatchObject({ ready: false, cause: null });
    expect(answer.checks.broker).toMatch(/^not checked: /);
  });
});

describe("ProbeSharing", () => {
  it("[H9] shares one probe between callers that come while it runs, and for 5 s after", async () => {
    const runs: ((trouble: Diagnosis | null) => void)[] = [];
    const probe = vi.fn<() => Promise<Diagnosis | null>>(() => new Promise((resolve) => runs.push(resolve)));
    const sharing = new ProbeSharing(() => nowMs, probe);
    const answers = Promise.all([sharing.report(), sharing.report()]);
    nowMs += 3_000;
    runs[0]?.(TROUBLE);
    expect(await answers).toEqual([
      { trouble: TROUBLE, freshForMs: FRESH_MS },
      { trouble: TROUBLE, freshForMs: FRESH_MS },
    ]);
    nowMs += 4_000;
    expect(await sharing.report()).toEqual({ trouble: TROUBLE, freshForMs: 1_000 });
    expect(probe).toHaveBeenCalledTimes(1);
    nowMs += 1_000;
    const next = sharing.report();
    expect(probe).toHaveBeenCalledTimes(2);
    runs[1]?.(null);
    expect(await next).toEqual({ trouble: null, freshForMs: FRESH_MS });
  });

  it("[H9] a probe that throws is not kept", async () => {
    const probe = vi.fn<() => Promise<null>>().mockRejectedValueOnce(new Error("no")).mockResolvedValue(null);
    const sharing = new ProbeSharing(() => nowMs, probe);
    await expect(sharing.report()).rejects.toThrow("no");
    expect(await sharing.report()).toMatchObject({ trouble: null });
  });
});
