import { expect, test } from "vitest";
import { FrameReader } from "../../bench/frame-reader.ts";

const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];

/** As a server sends it: not masked, in the shortest form. */
function frame(payload: Buffer, opcode = 1): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, length]), payload]);
  const header = Buffer.alloc(length < 65_536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

/** What a reader makes of `bytes` that arrive `size` at a time. */
function read(bytes: Buffer, size: number): { opcode: number; payload: string }[] {
  const seen: { opcode: number; length: number; payload: string }[] = [];
  const reader = new FrameReader({
    frame: (opcode, length) => void seen.push({ opcode, length, payload: "" }),
    payload: (chunk, from, to) => {
      const last = seen.at(-1);
      if (last !== undefined) last.payload += chunk.toString("latin1", from, to);
    },
  });
  for (let at = 0; at < bytes.length; at += size) reader.feed(bytes, at, Math.min(bytes.length, at + size));
  expect(seen.map(({ length }) => length)).toEqual(seen.map(({ payload }) => payload.length));
  return seen.map(({ opcode, payload }) => ({ opcode, payload }));
}

test.each([1, 2, 3, 7, 1_000, 1_000_000])("frames of every length form arrive whole in chunks of %i", (size) => {
  const payloads = LENGTHS.map((length) => Buffer.alloc(length, String(length)));
  const bytes = Buffer.concat(payloads.map((payload, index) => frame(payload, index % 2 === 0 ? 1 : 2)));
  const expected = payloads.map((payload, index) => ({ opcode: index % 2 === 0 ? 1 : 2, payload: String(payload) }));
  expect(read(bytes, size)).toEqual(expected);
});

test("a close frame is a frame like others", () => {
  expect(read(frame(Buffer.from([0x11, 0x38]), 8), 1)).toEqual([{ opcode: 8, payload: "\u00118" }]);
});

test("a masked frame of a server is an error", () => {
  expect(() => read(Buffer.from([0x81, 0x80, 0, 0, 0, 0]), 6)).toThrow("masked");
});
