import { rule, same } from "../check.ts";
import type { Context } from "../context.ts";

const ATTRIBUTES = {
  "ce-specversion": "1.0",
  "ce-id": "b-1",
  "ce-source": "/conformance",
  "ce-type": "io.cellos.test",
};
const STRUCTURED = { specversion: "1.0", id: "b-1", source: "/conformance", type: "io.cellos.test" };

type Headers = Readonly<Record<string, string>>;

/** What arrives for one message with these headers, live and replayed. */
async function relayed(context: Context, headers: Headers, payload: string | Uint8Array): Promise<unknown[]> {
  const subject = context.subject();
  const live = await context.open({ subject });
  const seq = await context.broker.publish(subject, payload, headers);
  const replayed = await context.open({ subject, since: seq - 1 });
  const found: unknown[] = [];
  for (const { socket } of [live, replayed]) found.push((await socket.events(1))[0]?.event);
  return found;
}

async function becomes(
  context: Context,
  headers: Headers,
  payload: string | Uint8Array,
  expected: object,
): Promise<void> {
  for (const event of await relayed(context, headers, payload)) same("the event", event, expected);
}

rule("W15", "binary mode with JSON becomes structured, data as JSON", (context) =>
  becomes(
    context,
    { ...ATTRIBUTES, "ce-subject": "s", "ce-extension1": "e", "content-type": "application/json" },
    '{"a":[1,{"b":null}]}',
    {
      ...STRUCTURED,
      subject: "s",
      extension1: "e",
      datacontenttype: "application/json",
      data: { a: [1, { b: null }] },
    },
  ),
);

rule("W15", "JSON data keeps every digit, and a +json type is JSON too", async (context) => {
  const subject = context.subject();
  const { socket } = await context.open({ subject });
  const headers = { ...ATTRIBUTES, "content-type": "application/vnd.x+json; charset=utf-8" };
  await context.broker.publish(subject, '{"id":9007199254740993}', headers);
  await socket.events(1);
  const text = socket.received[0]?.text ?? "";
  same(`digits in ${text}`, /"data":\s*\{"id":\s*9007199254740993\}/.test(text), true);
});

rule("W15", "text data becomes a JSON string", (context) =>
  becomes(context, { ...ATTRIBUTES, "content-type": "text/plain" }, 'żółć "x"\n', {
    ...STRUCTURED,
    datacontenttype: "text/plain",
    data: 'żółć "x"\n',
  }),
);

rule("W15", "bytes become data_base64", async (context) => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  await becomes(context, { ...ATTRIBUTES, "content-type": "application/octet-stream" }, bytes, {
    ...STRUCTURED,
    datacontenttype: "application/octet-stream",
    data_base64: Buffer.from(bytes).toString("base64"),
  });
});

rule("W15", "an empty payload is an event without data", (context) => becomes(context, ATTRIBUTES, "", STRUCTURED));

rule("W15", "attribute values are percent-decoded", (context) =>
  becomes(context, { ...ATTRIBUTES, "ce-subject": "%E2%82%AC%20100%25" }, "", { ...STRUCTURED, subject: "€ 100%" }),
);

rule("W15", "quoted values are unquoted, then percent-decoded", (context) =>
  becomes(context, { ...ATTRIBUTES, "ce-subject": '"\\"%E2%82%AC\\" \\\\"' }, "", { ...STRUCTURED, subject: '"€" \\' }),
);

rule("W15", "a content type of CloudEvents makes the payload the event, whatever the other headers say", (context) =>
  becomes(
    context,
    { ...ATTRIBUTES, "ce-id": "not-this-one", "content-type": "Application/CloudEvents+json; charset=utf-8" },
    JSON.stringify({ ...STRUCTURED, data: 1 }),
    { ...STRUCTURED, data: 1 },
  ),
);

rule("W15", "what lacks an attribute or is not UTF-8 is not sent, and the stream goes on", async (context) => {
  const subject = context.subject();
  const { socket } = await context.open({ subject });
  const { broker } = context;
  for (const missing of ["ce-id", "ce-source", "ce-type"]) {
    const headers = Object.fromEntries(Object.entries(ATTRIBUTES).filter(([name]) => name !== missing));
    await broker.publish(subject, "{}", headers);
  }
  await broker.publish(subject, "{}", { ...ATTRIBUTES, "ce-subject": "%FF" });
  const seq = await broker.publish(subject, { n: 1 });
  const structured = { "content-type": "application/cloudevents+json", "Nats-Msg-Id": `conformance-${subject}` };
  const next = await broker.publish(subject, STRUCTURED, structured);
  const events = await socket.events(2);
  same("what arrives", events, [
    { seq, event: { n: 1 } },
    { seq: next, event: STRUCTURED },
  ]);
});
