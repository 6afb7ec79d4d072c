/** What costs a reader most for what it is: rare, since each is large. */
import { arrays } from "./deep-events.ts";
import { headerBlock } from "./header-block.ts";
import { delivered, dropped, eventText, type Kinds } from "./kind.ts";

/** What nats-server allows unless it is told otherwise, headers included. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** A stream takes no more, whatever the broker lets through. */
const MAX_HEADER_BYTES = 65_535;
const MANY = 10_000;
const DEEPEST = 450_000;

/** A block of exactly this size. */
function blockOf(sizeBytes: number): Buffer {
  const emptyBytes = headerBlock(["x: "]).byteLength;
  return headerBlock([`x: ${"v".repeat(sizeBytes - emptyBytes)}`]);
}

/** An event of exactly this size. */
function eventOf(n: number, sizeBytes: number): Buffer {
  return Buffer.from(eventText(n, `"${"x".repeat(sizeBytes - eventText(n, '""').length)}"`));
}

export const HUGE_KINDS: Kinds = [
  delivered(`huge: ${MANY} headers`, (n) => ({
    payload: Buffer.from(eventText(n)),
    block: headerBlock(Array.from({ length: MANY }, () => "a:1")),
  })),
  delivered("huge: as many names as fit", (n) => ({
    payload: Buffer.from(eventText(n)),
    block: headerBlock(Array.from({ length: 7_000 }, (_, index) => `${index}:1`)),
  })),
  delivered("huge: the largest block", (n) => ({
    payload: Buffer.from(eventText(n)),
    block: blockOf(MAX_HEADER_BYTES),
  })),
  delivered("huge: the largest message", (n) => ({
    payload: eventOf(n, MAX_PAYLOAD_BYTES - MAX_HEADER_BYTES),
    block: blockOf(MAX_HEADER_BYTES),
  })),
  // Streams refuse it today; one that takes it must not stop anybody either.
  delivered("huge: a block of 1 MB", (n) => {
    const payload = Buffer.from(eventText(n));
    return { payload, block: blockOf(MAX_PAYLOAD_BYTES - payload.byteLength) };
  }),
  dropped(`huge: ${DEEPEST} levels`, (n) => ({ payload: Buffer.from(eventText(n, arrays(DEEPEST))), block: null })),
];
