import { describe, expect, it } from "vitest";
import { Pulls } from "../../../src/upstream/pulls.ts";

function twoPulls(): Pulls {
  const pulls = new Pulls();
  pulls.add(2, 100);
  pulls.add(5, 200);
  return pulls;
}

describe("Pulls", () => {
  it("[U1] count what may still come, and serve the oldest first", () => {
    const pulls = twoPulls();
    expect([pulls.outstanding, pulls.overAtMs]).toEqual([7, 100]);
    pulls.took();
    expect([pulls.outstanding, pulls.overAtMs]).toEqual([6, 100]);
    pulls.took();
    expect([pulls.outstanding, pulls.overAtMs]).toEqual([5, 200]);
    pulls.took();
    expect([pulls.outstanding, pulls.overAtMs]).toEqual([4, 200]);
  });

  it("[W12] each is over at its own time", () => {
    const pulls = twoPulls();
    pulls.expire(99);
    expect(pulls.outstanding).toBe(7);
    pulls.expire(100);
    expect([pulls.outstanding, pulls.overAtMs]).toEqual([5, 200]);
    pulls.expire(300);
    expect([pulls.outstanding, pulls.overAtMs]).toEqual([0, null]);
  });

  it("[U1] one that ends takes nothing from those behind it", () => {
    const pulls = twoPulls();
    pulls.end();
    expect([pulls.outstanding, pulls.overAtMs]).toEqual([5, 200]);
  });

  it("[U1] with none under way, a message or an end changes nothing", () => {
    const pulls = twoPulls();
    pulls.clear();
    pulls.took();
    pulls.end();
    expect([pulls.outstanding, pulls.overAtMs]).toEqual([0, null]);
  });
});
