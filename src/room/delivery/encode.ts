/** Frames of a batch, behind the fence: an event that cannot be encoded is left out, and takes no other with it (W17). */
import { eventFrames, type Envelope, type Frame } from "../../protocol/frames.ts";
import type { Protocol } from "../../protocol/subprotocol.ts";
import { fenced } from "../../shared/fence.ts";

/** Hears of an event that is left out. */
export type OnPoison = (event: Envelope) => void;

/** What a batch is for the live clients: what of it they get, and the frames of each protocol. */
export interface Batch {
  readonly events: readonly Envelope[];
  readonly frames: ReadonlyMap<Protocol, readonly Frame[]>;
}

/** Encodes a batch once for each of these protocols. They get the same events, or their cursors would part. */
export function encodeBatch(
  prev: number,
  events: readonly Envelope[],
  protocols: readonly Protocol[],
  onPoison: OnPoison,
): Batch {
  const encode = (list: readonly Envelope[]): Batch => ({
    events: list,
    frames: new Map(protocols.map((protocol) => [protocol, eventFrames(protocol, prev, list)])),
  });
  return fenced(
    () => encode(events),
    () => encode(sound(events, protocols, onPoison)),
  );
}

/** As `eventFrames`. The cursor of the last frame lies below the last event where that one is left out. */
export function encodeEvents(
  protocol: Protocol,
  prev: number,
  events: readonly Envelope[],
  onPoison: OnPoison,
): readonly Frame[] {
  return encodeBatch(prev, events, [protocol], onPoison).frames.get(protocol) ?? [];
}

function sound(events: readonly Envelope[], protocols: readonly Protocol[], onPoison: OnPoison): readonly Envelope[] {
  return events.filter((event) =>
    fenced(
      () => protocols.every((protocol) => eventFrames(protocol, 0, [event]).length > 0),
      () => {
        onPoison(event);
        return false;
      },
    ),
  );
}
