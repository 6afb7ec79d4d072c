import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { startRelay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";

const TOKEN = "compression-token";
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
});
afterAll(() => rig.stop());

/** What the relay agreed to, of permessage-deflate, and the first frame of the connection. */
async function agreed(vars: Record<string, string>, offers: boolean): Promise<{ extensions: string; first: string }> {
  await using relay = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: TOKEN, ...vars } });
  const socket = new WebSocket(`${relay.url.replace("http", "ws")}/ws/events`, ["cellos.relay.v2"], {
    headers: { authorization: `Bearer ${TOKEN}` },
    perMessageDeflate: offers,
  });
  try {
    const [data] = (await once(socket, "message")) as [Buffer];
    return { extensions: socket.extensions, first: String(data) };
  } finally {
    socket.terminate();
  }
}

describe("permessage-deflate", () => {
  test("[WS-18] is declined by default, and the connection works", async () => {
    const { extensions, first } = await agreed({}, true);
    expect(extensions).toBe("");
    expect(first).toContain('"type":"welcome"');
  });

  test("[WS-18] is agreed to with COMPRESSION=on, by those who offer it", async () => {
    const { extensions, first } = await agreed({ COMPRESSION: "on" }, true);
    expect(extensions).toContain("permessage-deflate");
    expect(first).toContain('"type":"welcome"');
    expect((await agreed({ COMPRESSION: "on" }, false)).extensions).toBe("");
  });
});
