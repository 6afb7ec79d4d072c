import { describe, expect, test } from "vitest";
import { Random } from "../../../src/dev/random.ts";
import { makeOutgoing, ODD_KINDS } from "../../torture/payloads.ts";
import { judgeMessage } from "../../torture/reference.ts";

const MAX_PAYLOAD_BYTES = 1024 * 1024;
const MAX_HEADER_BYTES = 65_535;
/** The rarest kind is one message of some six thousand. */
const MESSAGES = 60_000;
const TRIES = 5;
/** The only one that a stream refuses. */
const REFUSED = "huge: a block of 1 MB";

describe("what the publisher sends", { tags: "long" }, () => {
  test.each(ODD_KINDS.map((kind) => [kind.name, kind] as const))(
    "[W17] %s: the reference says so too",
    (_name, kind) => {
      for (let seed = 1; seed <= TRIES; seed += 1) {
        expect(judgeMessage(kind.make(seed, new Random(seed))).valid).toBe(kind.isDelivered);
      }
    },
  );

  test("[W17] no two kinds have one name", () => {
    expect(new Set(ODD_KINDS.map(({ name }) => name)).size).toBe(ODD_KINDS.length);
  });

  test("[W17] every kind comes, seven of a hundred messages are odd, and a stream takes all but one kind", () => {
    const random = new Random(17);
    const counts = new Map<string, number>();
    for (let n = 0; n < MESSAGES; n += 1) {
      const { kind, block, payload } = makeOutgoing(n, random);
      counts.set(kind.name, (counts.get(kind.name) ?? 0) + 1);
      const headerBytes = block?.byteLength ?? 0;
      if (headerBytes + payload.byteLength > MAX_PAYLOAD_BYTES) expect.unreachable(`${kind.name} is too large`);
      if (headerBytes > MAX_HEADER_BYTES !== (kind.name === REFUSED)) expect.unreachable(`headers of ${kind.name}`);
    }
    expect(ODD_KINDS.map(({ name }) => name).filter((name) => !counts.has(name))).toEqual([]);
    const plain = counts.get("plain") ?? 0;
    expect(plain).toBeGreaterThan(MESSAGES * 0.92);
    expect(plain).toBeLessThan(MESSAGES * 0.94);
  });

  test("[W17] the same seed sends the same", () => {
    const send = (): unknown[] => {
      const random = new Random(3);
      return Array.from({ length: 500 }, (_, n) => {
        const { kind, ...content } = makeOutgoing(n, random);
        return { ...content, kind: kind.name };
      });
    };
    expect(send()).toEqual(send());
  });
});
