import { describe, expect, it } from "vitest";
import { apiError } from "../../../src/upstream/jetstream-api.ts";

describe("apiError", () => {
  it.each([
    ["[W11] stream not found", 404, 10059, "stream-missing"],
    ["[W11] a server that only just starts", 503, 10008, "no-leader"],
    ["[W11] no leader", 500, 10009, "no-leader"],
    ["[W11] a server error", 500, 10049, "no-leader"],
    ["[W11] no code at all", undefined, undefined, "no-leader"],
    ["[W17] a code that is no number", "400", 10094, "no-leader"],
    ["[W11] JetStream not enabled for the account", 503, 10039, "jetstream-off"],
    ["[W11] JetStream not enabled", 503, 10076, "jetstream-off"],
    ["[W11] 499", 499, 1, "consumer-refused"],
  ] as const)("%s", (_name, code, errCode, cause) => {
    const given: object = {
      ...(code === undefined ? {} : { code }),
      ...(errCode === undefined ? {} : { err_code: errCode }),
    };
    const error = apiError({ ...given, description: "words" });
    expect(error.cause).toBe(cause);
    const told = typeof code === "number" ? code : "?";
    expect(error.message).toContain(`${told}/${errCode ?? "?"}: words`);
  });

  it.each([
    ["a limit on consumers", 400, 10026, "consumer-limit"],
    ["the account's means", 400, 10002, "consumer-limit"],
    ["a bad filter", 400, 10138, "consumer-refused"],
    ["a start that is none", 400, 10094, "consumer-refused"],
    ["an error of the server", 500, 10012, "consumer-refused"],
    ["a leader that is not there", 503, 10008, "no-leader"],
    ["no stream", 404, 10059, "stream-missing"],
  ] as const)("[O8] of a creation: %s", (_name, code, err_code, cause) => {
    expect(apiError({ code, err_code, description: "words" }, "creation").cause).toBe(cause);
  });
});
