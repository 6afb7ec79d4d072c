import { env, exports } from "cloudflare:workers";
import { RemoteRig } from "./broker/control-client.ts";
import type { RigOptions } from "./broker/rig-control.ts";
import { TestSocket } from "./wire/test-socket.ts";

/** The bearer token that the "worker" project gives the relay. */
export const TOKEN = "test-token";
const ORIGIN = "https://relay.test";

/** A private broker for a test that runs inside workerd. */
export function startRig(options?: RigOptions): Promise<RemoteRig> {
  return RemoteRig.start(env.CONTROL_URL, options);
}

/** Asks the Worker as the outside would, with the bearer token unless `headers` say otherwise. */
export function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return exports.default.fetch(ORIGIN + path, { headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
}

/** Upgrades through the Worker; throws with the answer's body when it refuses. */
export async function dial(path: string, headers: Record<string, string> = {}): Promise<TestSocket> {
  return accept(await get(path, { upgrade: "websocket", ...headers }));
}

/** The client's end of an upgrade, from the Worker or straight from a Durable Object stub. */
export async function accept(response: Response): Promise<TestSocket> {
  if (response.webSocket === null) throw new Error(`Not upgraded: ${response.status} ${await response.text()}`);
  const socket = new TestSocket(response.webSocket);
  response.webSocket.accept();
  return socket;
}
