import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CLOSE, type CloseName } from "../../../src/protocol/codes.ts";
import {
  authorizedFrame,
  authUnavailableFrame,
  caughtUpFrame,
  eventFrames,
  expiryAt,
  heartbeatFrame,
  problemFrame,
  reasonFrame,
  welcomeFrame,
} from "../../../src/protocol/frames.ts";
import { BEARER_PREFIX, V1, V2, type Protocol } from "../../../src/protocol/subprotocol.ts";

const FROM = { subject: "a.é", timeMs: 1_700_000_000_123, timeNanos: 456_000 };
const EVENTS = [
  { seq: 7, text: '{"seq":7,"event":{"id":9007199254740993}}', bytes: 41, ...FROM },
  { seq: 9, text: '{"seq":9,"event":{"id":"é"}}', bytes: 29, ...FROM },
];
const EPOCH = "0123456789abcdef";
const NOW = 1_700_000_000_000;

/** One of every frame that a client of this version may be sent, and every close. */
function wire(protocol: Protocol): string {
  const heartbeats = (["connected", "reconnecting"] as const).map(
    (upstream) => heartbeatFrame(protocol, { cursor: 9, epoch: EPOCH, upstream, nowMs: NOW, wallMs: NOW }).text,
  );
  const expiries = [null, NOW + 60_000].map((expiresAtMs) => expiryAt(expiresAtMs, NOW));
  const welcomes = expiries.flatMap((expiry) =>
    [true, false].map(
      (live) =>
        welcomeFrame({
          epoch: EPOCH,
          cursor: 5,
          live,
          heartbeatMs: 25_000,
          ackBytes: 262_144,
          upstream: live ? "connected" : "reconnecting",
          expiry,
        }).text,
    ),
  );
  return [
    protocol,
    ...(protocol === V2
      ? [...welcomes, ...expiries.map(authorizedFrame), authUnavailableFrame(), caughtUpFrame(9).text, BEARER_PREFIX]
      : []),
    ...eventFrames(protocol, 5, EVENTS).map(({ text }) => text),
    ...(protocol === V2 ? eventFrames(protocol, 5, EVENTS, true).map(({ text }) => text) : []),
    ...heartbeats,
    problemFrame(protocol, "retention-exhausted", 3),
    problemFrame(protocol, "stream-reset", 3),
    ...(Object.keys(CLOSE) as CloseName[]).flatMap((name) => reasonFrame(protocol, name) ?? []),
    ...Object.values(CLOSE).map(({ code, reason }) => `${code} ${reason}`),
  ].join("\n");
}

/**
 * What clients in the field were built against. A test that fails here says that the wire has changed:
 *  - an accident: put the wire back;
 *  - an addition that every deployed client of this version ignores or survives: say so in the version's line under
 *    "Versions" in docs/spec.md, then write the new hash here;
 *  - anything else: it is a new version, with a subprotocol name, a line there and a row here of its own.
 */
const HASHES: Record<Protocol, string> = {
  "cellos.events.v1": "15f7338704cd9407",
  "cellos.relay.v2": "d1a460867981962b",
};

describe("the wire", () => {
  it.each<Protocol>([V1, V2])("[V1] of %s is the one its line in the version history is about", (protocol) => {
    expect(createHash("sha256").update(wire(protocol)).digest("hex").slice(0, 16)).toBe(HASHES[protocol]);
  });

  it("[V1] has a line in the version history for each version", () => {
    const spec = readFileSync(new URL("../../../docs/spec.md", import.meta.url), "utf8");
    const history = /^## Versions\n(.*?)^## /ms.exec(spec)?.[1] ?? "";
    const named = [...history.matchAll(/^- `([^`]+)`/gm)].map(([, name]) => name);
    expect(named).toEqual([V1, V2]);
  });
});
