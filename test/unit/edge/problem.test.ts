import { describe, expect, it } from "vitest";
import { problemResponse } from "../../../src/edge/problem.ts";
import { REFUSAL_REASONS } from "../../../src/edge/refusals.ts";

describe("problemResponse", () => {
  it.each(REFUSAL_REASONS)("[H2] %s is a problem document that says what to do", async (reason) => {
    const response = problemResponse(reason);
    const body = (await response.json()) as { type: unknown; status: unknown; detail: unknown };
    expect(Object.keys(body)).toEqual(["type", "title", "status", "detail"]);
    expect(body.type).toMatch(/^\/problems\/[a-z-]+$/);
    expect(body.status).toBe(response.status);
    expect(body.detail).toMatch(/^[A-Za-z].{20,}\.$/);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it.each([
    ["auth-unconfigured", 503, "service-unavailable"],
    ["config-invalid", 503, "service-unavailable"],
    ["credential-missing", 401, "unauthorized"],
    ["origin-forbidden", 403, "forbidden"],
    ["bad-since", 400, "bad-request"],
    ["subject-forbidden", 403, "forbidden"],
    ["too-many-subjects", 429, "too-many-subjects"],
    ["too-many-clients", 429, "too-many-clients"],
    ["not-an-upgrade", 426, "upgrade-required"],
    ["room-full", 503, "service-unavailable"],
    ["not-found", 404, "not-found"],
    ["method-not-allowed", 405, "method-not-allowed"],
  ] as const)("[H3] %s is %d /problems/%s", async (reason, status, type) => {
    expect(await problemResponse(reason).json()).toMatchObject({ status, type: `/problems/${type}` });
  });

  it("[H3] asks for a bearer token, and says when the one it got is no good", () => {
    expect(problemResponse("credential-missing").headers.get("www-authenticate")).toBe("Bearer");
    expect(problemResponse("credential-invalid").headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
  });

  it("[H3] says when to come back, the room's word first", () => {
    expect(problemResponse("room-full").headers.get("retry-after")).toMatch(/^\d+$/);
    expect(problemResponse("too-many-subjects").headers.get("retry-after")).toBe("30");
    expect(problemResponse("room-full", { "Retry-After": "42" }).headers.get("retry-after")).toBe("42");
  });
});
