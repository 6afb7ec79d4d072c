import { expect, test } from "vitest";
import { stories, type Draft } from "../../../src/dev/stories.ts";

function tell(count: number, seed: number): Draft[] {
  const told = stories(seed);
  return Array.from({ length: count }, () => told.next().value);
}

test("the same seed tells the same story", () => {
  expect(tell(200, 7)).toEqual(tell(200, 7));
  expect(tell(200, 7)).not.toEqual(tell(200, 8));
});

test("subject, type and source of an event agree", () => {
  for (const { subject, type, source } of tell(500, 1)) {
    const [, tenant, noun] = /^cellos\.events\.([a-z]+)\.([a-z]+)$/.exec(subject) ?? [];
    expect(type).toMatch(new RegExp(`^io\\.cellos\\.${noun}\\.v1\\.[a-z]+$`));
    expect(source).toMatch(new RegExp(`^/tenants/${tenant}/formations/[a-z]+-[a-z]+$`));
  }
});

test("every kind of event comes up, and a formation is created before anything happens to it", () => {
  const drafts = tell(3_000, 1);
  const kinds = new Set(drafts.map(({ type }) => type.replace("io.cellos.", "")));
  expect([...kinds].toSorted()).toEqual([
    "cell.v1.health",
    "cell.v1.started",
    "cell.v1.stopped",
    "compliance.v1.summary",
    "formation.v1.created",
    "formation.v1.degraded",
    "formation.v1.deleted",
    "formation.v1.scaled",
  ]);
  const known = new Set<string>();
  for (const { type, source } of drafts) {
    if (type.endsWith("formation.v1.created")) known.add(source);
    expect(known).toContain(source);
  }
});
