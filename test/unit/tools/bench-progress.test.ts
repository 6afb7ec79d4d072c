import { expect, test } from "vitest";
import { Progress } from "../../bench/progress.ts";

function progress(clients: number, marks: number, step: number): { reached: number[]; of: Progress } {
  const reached: number[] = [];
  return { reached, of: new Progress({ clients, marks, step, latency: false }, (at) => reached.push(at)) };
}

test("the slowest client counts", () => {
  const { reached, of } = progress(2, 10, 4);
  of.moved(0, 10);
  expect(reached).toEqual([]);
  of.moved(0, 3);
  of.moved(3, 4);
  of.moved(4, 9);
  expect(reached).toEqual([4, 8]);
  of.moved(9, 10);
  expect(reached).toEqual([4, 8, 10]);
});

test("the goal is said once where it is a step too, and not again for what comes after it", () => {
  const { reached, of } = progress(1, 8, 4);
  of.moved(0, 8);
  of.moved(8, 20);
  expect(reached).toEqual([4, 8]);
});
