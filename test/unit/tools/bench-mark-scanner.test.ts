import { expect, test } from "vitest";
import { EventTemplate, FIRST_MARK } from "../../bench/event-template.ts";
import { MarkScanner } from "../../bench/mark-scanner.ts";

/** So many events one after the other, marked 0, 1, 2 and so on. */
function events(count: number, size: number): Buffer {
  const template = new EventTemplate(size);
  const bytes = Buffer.alloc(count * size);
  for (let index = 0; index < count; index += 1) template.write(bytes, index * size, FIRST_MARK + index);
  return bytes;
}

function scan(bytes: Buffer, size: number): { found: number; marks: number[] } {
  const scanner = new MarkScanner();
  const marks: number[] = [];
  let found = 0;
  for (let at = 0; at < bytes.length; at += size) {
    found += scanner.scan(bytes, at, Math.min(bytes.length, at + size), (mark) => marks.push(mark - FIRST_MARK));
  }
  return { found, marks };
}

test("an event has exactly the size asked for, and is JSON", () => {
  for (const size of [300, 301, 4_096, 20_000]) {
    const text = events(1, size).toString();
    expect(text.length).toBe(size);
    expect(JSON.parse(text)).toMatchObject({ specversion: "1.0", data: { mark: FIRST_MARK } });
  }
  expect(() => new EventTemplate(50)).toThrow("at least");
});

test("every mark is found once, in order, wherever the bytes are cut", () => {
  const bytes = events(7, 160);
  for (let size = 1; size <= bytes.length; size += 1) {
    expect(scan(bytes, size)).toEqual({ found: 7, marks: [0, 1, 2, 3, 4, 5, 6] });
  }
});

test("a slice of a buffer that is used again shows nothing of what lies behind it", () => {
  const bytes = events(2, 160);
  const scanner = new MarkScanner();
  expect(scanner.scan(bytes, 0, 160)).toBe(1);
  expect(scanner.scan(Buffer.from("nothing"), 0, 7)).toBe(0);
  expect(scanner.scan(bytes, 160, 320)).toBe(1);
});

test("the beginning of a mark alone is none", () => {
  expect(scan(Buffer.from('"mark" "mar"mark":1000000000000003,"mark":12'), 5)).toEqual({ found: 1, marks: [3] });
});
