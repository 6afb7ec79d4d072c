/** An address at which there is no broker, or something stands before it: the cause tells which (O8, H9, W11). */
import { describe, test, vi } from "vitest";
import { freePort } from "../../src/dev/free-port.ts";
import { NatsServer } from "../../src/dev/nats-server.ts";
import { writeCertificate } from "../support/broken/certificate.ts";
import { expectDiagnosis, type Setup } from "../support/broken/examine.ts";
import { silentServer, webServer, webSocketServer } from "../support/broken/fronts.ts";

vi.setConfig({ maxConcurrency: 5 });

type Start = Setup[2];

const answers =
  (status: number, scheme = "ws"): Start =>
  async (parts) => ({ NATS_URL: `${scheme}://${parts.use(await webServer(status)).address}` });

const broker =
  (url: (server: NatsServer) => string): Start =>
  async (parts) => ({ NATS_URL: url(parts.use(await NatsServer.start())) });

const tlsBroker =
  (scheme: string): Start =>
  async (parts) => {
    const server = parts.use(await NatsServer.start());
    const port = await freePort();
    await server.stop();
    await server.reconfigure(
      `websocket { host: 127.0.0.1, port: ${port}, tls { ${await writeCertificate(server.dir)} } }`,
    );
    await server.start();
    return { NATS_URL: `${scheme}://127.0.0.1:${port}` };
  };

const says =
  (greeting: string | null): Start =>
  async (parts) => ({ NATS_URL: `ws://${parts.use(await webSocketServer(greeting)).address}` });

const SETUPS: readonly Setup[] = [
  ["no NATS_URL", "not-configured", async () => ({}), /NATS_URL is not set/],
  [
    "a closed port",
    "unreachable",
    async () => ({ NATS_URL: `ws://127.0.0.1:${await freePort()}` }),
    /127\.0\.0\.1:\d+/,
  ],
  [
    "a name that does not exist",
    "unreachable",
    async () => ({ NATS_URL: "ws://no-such-host.invalid:443" }),
    /invalid:443/,
  ],
  [
    "the port for TCP clients",
    "unreachable",
    broker(({ clientUrl }) => clientUrl.replace("nats", "ws")),
    /TCP clients/,
  ],
  ["the monitoring port", "not-a-broker", broker(({ monitorUrl }) => monitorUrl.replace("http", "ws")), /HTTP 200/],
  ["wss to a broker without TLS", "unreachable", broker(({ url }) => url.replace("ws", "wss")), /TLS fails/],
  ["ws to a broker with TLS", "not-a-broker", tlsBroker("ws"), /HTTP 400/],
  ["a certificate that is not trusted", "unreachable", tlsBroker("wss"), /not trusted/],
  ["a web page", "not-a-broker", answers(200), /HTTP 200 to the upgrade/],
  ["a web server without such a page", "not-a-broker", answers(404), /HTTP 404/],
  ["a redirect", "not-a-broker", answers(302), /HTTP 302/],
  ["a tunnel that wants another service token", "authorization", answers(403), /HTTP 403/],
  ["a tunnel without its origin: 502", "gateway", answers(502), /answers 502/],
  ["a tunnel that does not run: 530", "gateway", answers(530), /answers 530/],
  ["a proxy that limits: 429", "gateway", answers(429), /answers 429/],
  ["a load balancer without members: 503", "gateway", answers(503), /answers 503/],
  ["a socket that opens and stays silent", "timeout", says(null), /it says nothing/],
  ["a WebSocket that is no broker", "not-a-broker", says("hello\r\n"), /no NATS/],
  [
    "TCP that takes the connection and stays silent",
    "unreachable",
    async (parts) => ({ NATS_URL: `ws://${parts.use(await silentServer()).address}` }),
    /No connection/,
  ],
];

describe.concurrent("no broker at the address", () => {
  test.each(SETUPS)("[O8] [H9] [W11] [O3] %s: %s", async (...setup) => {
    await expectDiagnosis(setup);
  });
});
