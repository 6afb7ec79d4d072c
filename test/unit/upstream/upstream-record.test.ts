import { describe, expect, it } from "vitest";
import { UpstreamRecord } from "../../../src/upstream/upstream-record.ts";

describe("UpstreamRecord", () => {
  it("[O4] counts reopenings, not the first opening, nor the one after a rest", () => {
    const record = new UpstreamRecord(100);
    expect(record).toMatchObject({ kind: "idle", sinceMs: 100, wasOpen: false, reconnects: 0, lastError: null });
    record.entered("opening", 200);
    record.entered("opening", 300);
    expect(record).toMatchObject({ kind: "opening", sinceMs: 200, wasOpen: false });
    record.entered("open", 400);
    expect(record).toMatchObject({ sinceMs: 400, wasOpen: true, reconnects: 0 });
    for (const kind of ["waiting", "opening", "waiting", "opening", "open"] as const) record.entered(kind, 500);
    expect(record.reconnects).toBe(1);
    for (const kind of ["idle", "opening", "open"] as const) record.entered(kind, 600);
    expect(record).toMatchObject({ kind: "open", sinceMs: 600, reconnects: 1 });
  });

  it("[O4] takes what a sleeping room had for open", () => {
    const record = new UpstreamRecord(0);
    for (const kind of ["waiting", "opening", "open"] as const) record.entered(kind, 1);
    expect(record.reconnects).toBe(1);
  });

  it("[O4] [O8] remembers the last failure, also when it has passed", () => {
    const record = new UpstreamRecord(0);
    record.failed("timeout");
    record.failed("permission");
    record.entered("open", 1);
    expect(record.lastError).toBe("permission");
  });
});
