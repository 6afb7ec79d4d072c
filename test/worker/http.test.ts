import { env, exports } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

const ORIGIN = "https://relay.example";
const AUTH = { Authorization: "Bearer test-token" };

function send(path: string, init: RequestInit = {}): Promise<Response> {
  return exports.default.fetch(`${ORIGIN}${path}`, init);
}

describe("the HTTP surface", () => {
  it("[H9] answers /healthz to anybody, HEAD too", async () => {
    const response = await send("/healthz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok", version: expect.stringMatching(/^\d+\.\d+\.\d+\+.+/) });
    const head = await send("/healthz", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it.each(["/nope", "/ws", "/ws/events/", "/ws/EVENTS", "/v2/events"])("[H6] %s is not found", async (path) => {
    const response = await send(path, { method: "POST" });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ type: "/problems/not-found", status: 404 });
  });

  it.each([
    ["/ws/events", "POST", "GET, OPTIONS"],
    ["/ws/events", "HEAD", "GET, OPTIONS"],
    ["/healthz", "DELETE", "GET, HEAD, OPTIONS"],
    ["/readyz", "POST", "GET, HEAD, OPTIONS"],
    ["/", "POST", "GET, HEAD, OPTIONS"],
  ])("[H6] %s refuses %s and says what it allows", async (path, method, allow) => {
    const response = await send(path, { method, headers: AUTH });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe(allow);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  });

  it("[H3] tells a plain GET what an upgrade would be told", async () => {
    const statuses = await Promise.all([
      send("/ws/events"),
      send("/ws/events?token=test-token"),
      send("/ws/events", { headers: { Authorization: "Bearer wrong" } }),
      send("/ws/events", { headers: { ...AUTH, Origin: "https://evil.example" } }),
      send("/ws/events?since=", { headers: AUTH }),
      send("/ws/events?subject=other.%3E", { headers: AUTH }),
      send("/ws/events", { headers: AUTH }),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([401, 401, 401, 403, 400, 403, 426]);
  });

  it("[H2] echoes nothing a client sent", async () => {
    const marker = "zq9marker";
    for (const path of [
      `/${marker}`,
      `/ws/events?subject=${marker}`,
      `/ws/events?since=${marker}`,
      `/ws/events?epoch=%20${marker}`,
    ]) {
      const response = await send(path, { headers: AUTH });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(await response.text()).not.toContain(marker);
    }
  });

  it.each([
    ["/healthz", 200],
    ["/ws/events", 401],
    ["/nope", 404],
  ])("[H11] lets every page read a refusal, and a success only where its origin passes: %s", async (path, status) => {
    const own = await send(path, { headers: { Origin: ORIGIN } });
    expect([own.status, own.headers.get("Access-Control-Allow-Origin")]).toEqual([status, ORIGIN]);
    const exposed = "Retry-After, WWW-Authenticate, Relay-Cursor, Relay-Epoch";
    expect(own.headers.get("Access-Control-Expose-Headers")).toBe(exposed);
    const evil = "https://evil.example";
    const foreign = await send(path, { headers: { Origin: evil } });
    expect(foreign.headers.get("Access-Control-Allow-Origin")).toBe(status < 400 ? null : evil);
    for (const response of [own, foreign, await send(path)]) {
      expect(response.headers.get("Vary")).toBe("Origin");
      expect(response.headers.get("Access-Control-Allow-Credentials")).toBeNull();
    }
  });

  it("[H11] grants a preflight to every origin", async () => {
    for (const origin of [ORIGIN, "https://evil.example", "null"]) {
      const granted = await send("/ws/events", { method: "OPTIONS", headers: { Origin: origin } });
      expect([granted.status, granted.headers.get("Allow")]).toEqual([204, "GET, OPTIONS"]);
      expect(granted.headers.get("Access-Control-Allow-Origin")).toBe(origin);
      expect(granted.headers.get("Access-Control-Allow-Methods")).toBe("GET, POST");
      expect(granted.headers.get("Access-Control-Allow-Headers")).toBe("Authorization, Content-Type, Last-Event-ID");
    }
    const unknown = await send("/nope", { method: "OPTIONS", headers: { Origin: ORIGIN } });
    expect([unknown.status, unknown.headers.get("Access-Control-Allow-Origin")]).toEqual([404, ORIGIN]);
    // Else a browser would not go on to the GET, which is told that there is nothing.
    const asked = { Origin: ORIGIN, "Access-Control-Request-Method": "GET" };
    expect((await send("/nope", { method: "OPTIONS", headers: asked })).status).toBe(204);
    const nobody = await send("/ws/events", { method: "OPTIONS" });
    expect(Object.fromEntries(nobody.headers)).toEqual({ allow: "GET, OPTIONS", vary: "Origin" });
  });

  it("[H3] a plain GET opens and stores nothing in the room that it looks at", async () => {
    const response = await send("/ws/events?subject=cellos.events.only-looked-at", { headers: AUTH });
    expect(response.status).toBe(426);
    await runInDurableObject(
      env.ROOM.getByName("v1:anywhere:cellos.events.only-looked-at#0"),
      async (_room, { storage }) => {
        expect([await storage.getAlarm(), (await storage.list()).size]).toEqual([null, 0]);
      },
    );
  });

  it("[V1] echoes the protocol on the 101 and never the credential, with the CORS headers of H11", async () => {
    const response = await send("/ws/events?subject=cellos.events.http-test", {
      headers: {
        Upgrade: "websocket",
        Origin: ORIGIN,
        "Sec-WebSocket-Protocol": `bearer.${btoa("test-token").replaceAll("=", "")}, cellos.events.v1, cellos.relay.v2`,
      },
    });
    expect(response.status).toBe(101);
    expect(response.headers.get("Sec-WebSocket-Protocol")).toBe("cellos.relay.v2");
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe(ORIGIN);
    response.webSocket?.accept();
    response.webSocket?.close(1000);
  });

  it("[H10] hands the console's page to callers that reach the Worker directly", async () => {
    const [viaWorker, asset] = await Promise.all([send("/"), env.ASSETS.fetch(`${ORIGIN}/`)]);
    expect(viaWorker.status).toBe(200);
    expect(await viaWorker.text()).toBe(await asset.text());
  });
});
