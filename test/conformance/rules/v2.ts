import { none, rule, same, that } from "../check.ts";
import { chainProblems } from "../chain.ts";
import { V1, V2, type Context } from "../context.ts";
import { askRaw, headerOf, statusOf } from "../http.ts";
import { acknowledge } from "../acks.ts";

const ACK_BYTES = 131_072;
/** The broker's clock and ours. */
const CLOCKS_APART_MS = 60_000;

function bearerOf({ target }: Context): string {
  return `bearer.${Buffer.from(target.token).toString("base64url")}`;
}

function needV2(context: Context): Promise<unknown> {
  return context.openV2({ subject: context.subject() });
}

rule("V1", "the best protocol offered is chosen, and only that is echoed", async (context) => {
  await needV2(context);
  const bearer = bearerOf(context);
  const offers: readonly [readonly string[], string][] = [
    [[V2], V2],
    [[V1], V1],
    [[V1, V2], V2],
    [[V2, V1], V2],
    [["other.protocol", V2], V2],
    [[V1, "other.protocol"], V1],
    [[V2, bearer], V2],
    [[bearer, V1], V1],
  ];
  for (const [protocols, expected] of offers) {
    const { raw } = await context.open({ subject: context.subject() }, { protocols });
    same(`choice of ${protocols.join(", ").replace(bearer, "bearer.…")}`, raw.protocol, expected);
  }
});

rule("V1", "bearer.<base64url> is a credential", async (context) => {
  await needV2(context);
  const bearer = bearerOf(context);
  const anonymous = true;
  const { raw } = await context.open({ subject: context.subject() }, { anonymous, protocols: [V2, bearer] });
  same("subprotocol", raw.protocol, V2);
  const wrong = [`${bearer}AAAA`, "bearer.", "bearer.!!!", `bearer.${Buffer.from("wrong").toString("base64url")}`];
  for (const credential of wrong) {
    const { status } = await context.refusal(
      { subject: context.subject() },
      { anonymous, protocols: [V2, credential] },
    );
    same(`status for ${credential.replace(bearer, "<bearer>")}`, status, 401);
  }
});

rule("V1", "protocols offered but no known name among them: 400", async (context) => {
  await needV2(context);
  const bearer = bearerOf(context);
  for (const protocols of [
    ["other.protocol"],
    ["CELLOS.RELAY.V2"],
    ["cellos.relay.v22"],
    ["cellos.relay.v3"],
    [bearer],
  ]) {
    const { status } = await context.refusal({ subject: context.subject() }, { protocols });
    same(`status for ${protocols.join(", ").replace(bearer, "bearer.…")}`, status, 400);
  }
});

rule("V1", "the credential is never echoed, not even in a refusal", async (context) => {
  await needV2(context);
  const bearer = bearerOf(context);
  const { pathname, search, host } = new URL(context.eventsUrl({ subject: context.subject() }));
  const lines = [`GET ${pathname}${search} HTTP/1.1`, `Host: ${host}`, "Upgrade: websocket", "Connection: Upgrade"];
  lines.push("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13");
  for (const [offer, status, protocol] of [
    [`${V2}, ${bearer}`, 101, V2],
    [bearer, 400, undefined],
    [`other, ${bearer}`, 400, undefined],
    [`${V2}, ${bearer}x`, 401, undefined],
  ] as const) {
    const head = await askRaw(context.httpUrl, [...lines, `Sec-WebSocket-Protocol: ${offer}`]);
    same("status", statusOf(head), status);
    same("subprotocol", headerOf(head, "Sec-WebSocket-Protocol"), protocol);
    that(!head.includes(bearer), "answer", "no credential", "one");
  }
});

rule(
  "H1",
  "meta=1 adds subject and the stream's time to items of v2, for that client alone; v1 passes it over",
  async (context) => {
    const root = context.subject();
    const filter = `${root}.>`;
    const asking = await context.openV2({ subject: filter, meta: 1 });
    const plain = await context.openV2({ subject: filter });
    const v1 = await context.open({ subject: filter, meta: 1 });
    const before = Date.now();
    const sent = [`${root}.a`, `${root}."é".b`];
    const seqs: number[] = [];
    for (const subject of sent) seqs.push(await context.broker.publish(subject, { n: 1 }));
    const items = (await asking.socket.events(2)).map((item) => new Map(Object.entries(item)));
    same(
      "seqs",
      items.map((item) => item.get("seq")),
      seqs,
    );
    same(
      "subjects",
      items.map((item) => item.get("subject")),
      sent,
    );
    for (const item of items) {
      const time = item.get("time");
      const isTime = typeof time === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(time);
      that(isTime && Math.abs(Date.parse(time) - before) < CLOCKS_APART_MS, "time", "RFC 3339 in UTC, of now", time);
    }
    for (const { socket } of [plain, v1])
      for (const item of await socket.events(2)) same("members of an item", Object.keys(item), ["seq", "event"]);
  },
);

rule("V3", "welcome comes first and says where the connection starts", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const seqs = await broker.burst(subject, 5);
  const first = seqs[0] ?? 0;
  const last = seqs.at(-1) ?? 0;
  const epochs = new Set<unknown>();
  for (const since of [undefined, first, last, 0]) {
    const before = (await broker.state()).lastSeq;
    const { socket } = await context.openV2(since === undefined ? { subject } : { subject, since });
    const after = (await broker.state()).lastSeq;
    const frame = await socket.next();
    const { epoch, cursor = -1, live, heartbeatMs = 0, expiresAtMs, expiresInMs, ...rest } = frame;
    same("fixed members", rest, { type: "welcome", protocol: 2, ackBytes: ACK_BYTES, upstream: "connected" });
    const neither = expiresAtMs === null && expiresInMs === null;
    const both = Number.isInteger(expiresAtMs) && Number(expiresInMs) >= 0;
    that(neither || both, "expiry", "two numbers, or null twice", { expiresAtMs, expiresInMs });
    that(typeof epoch === "string" && /^[\w-]{1,64}$/.test(epoch), "epoch", "a short text", epoch);
    that(typeof live === "boolean", "live", "a boolean", live);
    that(heartbeatMs >= 1_000 && heartbeatMs <= 60_000, "heartbeatMs", "1000 to 60000", heartbeatMs);
    epochs.add(epoch);
    if (since === undefined)
      that(cursor >= before && cursor <= after, "cursor without since", `${before} to ${after}`, cursor);
    else if (since > 0) same(`cursor of since=${since}`, cursor, since);
    if (since === undefined) same("live without since", live, true);
    if (since === first) same("live with a replay", live, false);
  }
  same("number of epochs", epochs.size, 1);
});

rule("V2", "every frame is one JSON object with a type, besides pong", async (context) => {
  const subject = context.subject();
  const [first = 0] = await context.broker.burst(subject, 20);
  const dialled = await context.openV2({ subject, since: first });
  acknowledge(dialled);
  dialled.raw.send("ping");
  await dialled.socket.type("pong");
  await context.broker.burst(subject, 20);
  const { socket } = dialled;
  while (socket.allEvents().length < 39) await socket.next();
  for (const { text, frame } of socket.received) {
    if (text === "pong") continue;
    that(text.startsWith("{") && typeof frame.type === "string", "a frame", "an object with a type", text);
  }
});

rule("V4", "prev is the client's cursor before each frame, in a replay and live", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const past = await broker.burst(subject, 1_500, 300);
  const since = past[99] ?? 0;
  const dialled = await context.openV2({ subject, since });
  acknowledge(dialled);
  const more = await broker.burst(subject, 500, 300, 1_501);
  await broker.burst(context.subject(), 20);
  const { socket } = dialled;
  const expected = [...past, ...more].filter((seq) => seq > since).toSorted((a, b) => a - b);
  while (socket.allEvents().length < expected.length) await socket.next();
  none("the chain", chainProblems(socket.received.map(({ frame }) => frame)));
  same(
    "sequences delivered",
    socket.allEvents().map(({ seq }) => seq),
    expected,
  );
});

rule("V5", "caught-up comes once after live:false, when the replay has met the head", async (context) => {
  const subject = context.subject();
  const seqs = await context.broker.burst(subject, 50);
  const { socket } = await context.openV2({ subject, since: (seqs[0] ?? 1) - 1 });
  const { cursor = 0 } = await socket.type("caught-up");
  same("events before it", socket.allEvents().length, seqs.length);
  that(cursor >= (seqs.at(-1) ?? 0), "its cursor", `at least ${seqs.at(-1)}`, cursor);
  await context.broker.publish(subject, { n: 51 });
  await socket.events(1);
  same("number of caught-up", socket.received.filter(({ frame }) => frame.type === "caught-up").length, 1);
});

rule(
  "V5",
  "no caught-up after live:true; heartbeats name cursor and upstream",
  async (context) => {
    const { broker } = context;
    const subject = context.subject();
    const { socket } = await context.openV2({ subject });
    await broker.publish(subject, { n: 1 });
    for (let beats = 0; beats < 2; beats += 1) {
      const { type, cursor, upstream, ...rest } = await socket.type("heartbeat", context.heartbeatMs * 2 + 500);
      same("heartbeat", [type, Number.isSafeInteger(cursor), upstream, rest], ["heartbeat", true, "connected", {}]);
    }
    same("number of caught-up", socket.received.filter(({ frame }) => frame.type === "caught-up").length, 0);
    none("the chain", chainProblems(socket.received.map(({ frame }) => frame)));
  },
  "waits",
);

rule("V6", "another epoch with since is stream-reset, the right one is not", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const seq = await broker.publish(subject, { n: 1 });
  const { socket: first } = await context.openV2({ subject });
  const { epoch = "" } = await first.type("welcome");
  for (const since of [seq - 1, seq, 0]) {
    const { socket } = await context.openV2({ subject, since, epoch: "another" });
    const { code, reason } = await socket.closed();
    same(`close of since=${since}`, [code, reason], [4410, "stream-reset"]);
    const types = socket.received.map(({ frame }) => frame.problem?.type ?? frame.type);
    same(`frames of since=${since}`, types, ["/problems/ws/stream-reset"]);
  }
  const { socket } = await context.openV2({ subject, since: seq - 1, epoch });
  same("event with the right epoch", (await socket.events(1))[0]?.seq, seq);
  const v1 = await context.open({ subject, since: seq - 1, epoch: "another" });
  same("v1 close", (await v1.socket.closed()).reason, "stream-reset");
});
