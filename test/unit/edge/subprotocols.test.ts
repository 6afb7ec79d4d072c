import { describe, expect, it } from "vitest";
import { chooseProtocol } from "../../../src/edge/subprotocols.ts";

describe("chooseProtocol", () => {
  it.each([
    ["cellos.relay.v2", "cellos.relay.v2"],
    ["cellos.events.v1", "cellos.events.v1"],
    ["cellos.events.v1, cellos.relay.v2", "cellos.relay.v2"],
    ["cellos.events.v1,bearer.YQ", "cellos.events.v1"],
    ["cellos.relay.v3 , cellos.relay.v2", "cellos.relay.v2"],
  ])("[V1] picks from %s", (header, protocol) =>
    expect(chooseProtocol(header)).toEqual({ ok: true, protocol, echo: true }),
  );

  it.each([null, "", " , "])("[V1] speaks v1 without an echo when %j is offered", (header) => {
    expect(chooseProtocol(header)).toEqual({ ok: true, protocol: "cellos.events.v1", echo: false });
  });

  it.each([
    "bearer.YQ",
    "graphql-ws",
    "CELLOS.RELAY.V2",
    "cellos.relay.v2, cellos.relay.v2",
    "cellos.relay.v2, a b",
    "cellos.relay.v2, a/b",
    "cellos.relay.v2, é",
  ])("[V1] refuses %s", (header) => expect(chooseProtocol(header)).toEqual({ ok: false }));
});
