/** Frames of a batch, behind the fence: an event that cannot be encoded is left out, and takes no other with it (W17). */
import { eventFrames, type Envelope, type Frame } from "../../protocol/frames.ts";
import type { Form } from "../../protocol/form.ts";
import { fenced } from "../../shared/fence.ts";

/** Hears of an event that is left out. */
export type OnPoison = (event: Envelope) => void;

/** What a batch is for the live clients: what of it they get, and the frames of each form. */
export interface Batch {
  readonly events: readonly Envelope[];
  readonly frames: ReadonlyMap<Form, readonly Frame[]>;
}

/** Encodes a batch once for each of these forms. They get the same events, or their cursors would part. */
export function encodeBatch(
  prev: number,
  events: readonly Envelope[],
  forms: readonly Form[],
  onPoison: OnPoison,
): Batch {
  const encode = (list: readonly Envelope[]): Batch => ({
    events: list,
    frames: new Map(forms.map((form) => [form, framesIn(form, prev, list)])),
  });
  return fenced(
    () => encode(events),
    () => encode(sound(events, forms, onPoison)),
  );
}

/** As `eventFrames`. The cursor of the last frame lies below the last event where that one is left out. */
export function encodeEvents(
  form: Form,
  prev: number,
  events: readonly Envelope[],
  onPoison: OnPoison,
): readonly Frame[] {
  return encodeBatch(prev, events, [form], onPoison).frames.get(form) ?? [];
}

function framesIn({ protocol, meta }: Form, prev: number, events: readonly Envelope[]): readonly Frame[] {
  return eventFrames(protocol, prev, events, meta);
}

function sound(events: readonly Envelope[], forms: readonly Form[], onPoison: OnPoison): readonly Envelope[] {
  return events.filter((event) =>
    fenced(
      () => forms.every((form) => framesIn(form, 0, [event]).length > 0),
      () => {
        onPoison(event);
        return false;
      },
    ),
  );
}
