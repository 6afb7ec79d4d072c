import { expect, it } from "vitest";
import { statusReport, type RoomAnswer, type RoomState, type RoomStatus } from "../../../src/protocol/status.ts";

const answer = (epoch: string | null, state: RoomState, shard: number): RoomAnswer => ({
  epoch,
  // Only these are looked at.
  room: { state, shard } as RoomStatus,
});

it("[O4] is one answer for all rooms, in their order, with the epoch of one that reads the stream now", () => {
  const answers = [answer(null, "cold", 0), answer("old", "reconnecting", 1), answer("new", "live", 2)];
  expect(statusReport("a.>", answers)).toEqual({
    subject: "a.>",
    epoch: "new",
    rooms: answers.map(({ room }) => room),
  });
  expect(statusReport("a.>", answers.slice(0, 2)).epoch).toBe("old");
  expect(statusReport("a.>", [])).toEqual({ subject: "a.>", epoch: null, rooms: [] });
});
