import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadConfig } from "../../../src/config/config.ts";
import { checkReadiness, type BrokerProbe } from "../../../src/edge/readiness.ts";

const ready = () => loadConfig({ NATS_URL: "ws://127.0.0.1:1", RELAY_API_TOKEN: "t" });
const fine: BrokerProbe = () => Promise.resolve({ ok: true });

describe("checkReadiness", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("[H9] is ready when the configuration, the credential and the broker are", async () => {
    expect(await checkReadiness(ready(), fine)).toEqual({
      ready: true,
      checks: { config: "ok", credentials: "ok", broker: "ok" },
    });
  });

  it("[O2] names every invalid setting", async () => {
    const { ready: isReady, checks } = await checkReadiness(loadConfig({ BATCH_MS: "x", MAX_SHARDS: "0" }), fine);
    expect(isReady).toBe(false);
    expect(checks.config).toMatch(/^BATCH_MS must be .*\. MAX_SHARDS must be .*\.$/);
  });

  it("[A4] is not ready without a credential, nor [W11] without a broker", async () => {
    expect(await checkReadiness(loadConfig({ NATS_URL: "ws://127.0.0.1:1" }), fine)).toMatchObject({
      ready: false,
      checks: { broker: "ok" },
    });
    const without = await checkReadiness(loadConfig({ RELAY_API_TOKEN: "t" }), fine);
    expect(without).toMatchObject({ ready: false, checks: { credentials: "ok" } });
    expect(without.checks.broker).toContain("NATS_URL");
  });

  it("[H9] says what is wrong with the broker, and asks it again a few seconds later", async () => {
    const loaded = ready();
    const probe = vi
      .fn<BrokerProbe>()
      .mockResolvedValueOnce({ ok: false, problem: "No such stream." })
      .mockImplementation(fine);
    for (let times = 0; times < 3; times += 1) {
      expect(await checkReadiness(loaded, probe)).toMatchObject({
        ready: false,
        checks: { broker: "No such stream." },
      });
    }
    expect(probe).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await checkReadiness(loaded, probe)).toMatchObject({ ready: true });
    expect(probe).toHaveBeenCalledTimes(2);
  });

  it("[H9] shares one probe between requests that arrive together", async () => {
    const loaded = ready();
    const probe = vi.fn<BrokerProbe>(() => new Promise((resolve) => setTimeout(() => resolve({ ok: true }), 1000)));
    const answers = Promise.all([checkReadiness(loaded, probe), checkReadiness(loaded, probe)]);
    await vi.advanceTimersByTimeAsync(1100);
    expect((await answers).map((answer) => answer.ready)).toEqual([true, true]);
    expect(probe).toHaveBeenCalledTimes(1);
  });

  it("[H9] gives up waiting for a probe whose request was cancelled", async () => {
    const loaded = ready();
    void checkReadiness(loaded, () => new Promise(() => {}));
    const answer = checkReadiness(loaded, fine);
    await vi.advanceTimersByTimeAsync(13_000);
    expect((await answer).ready).toBe(true);
  });
});
