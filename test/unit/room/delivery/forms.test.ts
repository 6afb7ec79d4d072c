/** What is encoded, how often, and for whom (H1). */
import { describe, expect, it } from "vitest";
import { FORMS, formOf } from "../../../../src/protocol/form.ts";
import type { Envelope } from "../../../../src/protocol/frames.ts";
import { V1, V2 } from "../../../../src/protocol/subprotocol.ts";
import { client, envelope, NOW, room } from "../../../support/model/small.ts";

const ASKING = formOf(V2, true);

/** An envelope that counts how often its text and its subject are put into something. */
function counted(seq: number): { readonly envelope: Envelope; readonly reads: { text: number; subject: number } } {
  const reads = { text: 0, subject: 0 };
  const made = { ...envelope(seq) };
  const { text, subject } = made;
  Object.defineProperty(made, "text", { get: () => (reads.text++, text) });
  Object.defineProperty(made, "subject", { get: () => (reads.subject++, subject) });
  return { envelope: made, reads };
}

describe("formOf", () => {
  it("[H1] is one object for each form, and v1 has one only", () => {
    expect(FORMS.map(({ index }) => index)).toEqual(FORMS.map((_, index) => index));
    expect(formOf(V1, true)).toBe(formOf(V1, false));
    expect(new Set([formOf(V1, false), formOf(V2, false), formOf(V2, true)])).toEqual(new Set(FORMS));
  });
});

describe("a batch", () => {
  it("[H1] is encoded once for each form that somebody in the room reads, however many they are", () => {
    const { fanout } = room();
    const plain = [1, 2, 3].map(() => client(V2, 5));
    const asking = [1, 2, 3].map(() => client(V2, 5, { form: ASKING }));
    const old = [1, 2].map(() => client(V1, 5));
    for (const { session } of [...plain, ...asking, ...old]) fanout.join(session, NOW);
    const { envelope: six, reads } = counted(6);
    fanout.receive(six);
    fanout.flush(NOW);
    expect(reads).toEqual({ text: 3, subject: 1 });
    for (const { heard } of [...plain, ...asking, ...old]) expect(heard).toEqual(["6"]);

    for (const { session } of asking) fanout.leave(session);
    const { envelope: seven, reads: later } = counted(7);
    fanout.receive(seven);
    fanout.flush(NOW);
    expect(later).toEqual({ text: 2, subject: 0 });
  });

  it("[H1] of a room where nobody asks is read for its subject neither live, nor out of the window, nor in a replay", () => {
    const { fanout } = room();
    const { envelope: six, reads } = counted(6);
    const live = client(V2, 5);
    fanout.join(live.session, NOW);
    fanout.receive(six);
    fanout.flush(NOW);
    const resumed = client(V2, 5);
    fanout.join(resumed.session, NOW);
    const replayed = client(V2, 4);
    fanout.join(replayed.session, NOW);
    fanout.deliver(replayed.session, [envelope(5), six], NOW);
    expect([live.heard, resumed.heard, replayed.heard]).toEqual([["6"], ["6"], ["5,6"]]);
    expect(reads.subject).toBe(0);
  });

  it("[H1] is encoded once out of the window too, for all who stand at one place and read one form", () => {
    const { fanout } = room();
    const { envelope: six, reads } = counted(6);
    fanout.receive(six);
    fanout.flush(NOW);
    const asking = [1, 2, 3].map(() => client(V2, 5, { form: ASKING }));
    const plain = [1, 2, 3].map(() => client(V2, 5));
    for (const { session } of [...asking, ...plain]) fanout.join(session, NOW);
    expect(reads).toEqual({ text: 2, subject: 1 });
    for (const { heard } of [...asking, ...plain]) expect(heard).toEqual(["6"]);
  });

  it("[H1] [W17] whose time makes no sense is left out for everybody, so that nobody's chain breaks", () => {
    const { fanout, poison } = room();
    const [plain, asking] = [client(V2, 5), client(V2, 5, { form: ASKING })];
    for (const { session } of [plain, asking]) fanout.join(session, NOW);
    fanout.receive({ ...envelope(6), timeMs: 1e300 });
    fanout.receive(envelope(7));
    fanout.flush(NOW);
    expect([plain.heard, asking.heard, poison]).toEqual([["7"], ["7"], [6]]);
  });
});
