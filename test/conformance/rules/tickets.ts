import { notChecked, rule, same, that } from "../check.ts";
import type { Context } from "../context.ts";

interface Sold {
  readonly status: number;
  readonly body: { readonly ticket?: string; readonly expires_at?: string };
}

async function buy(context: Context, body?: string, headers: Readonly<Record<string, string>> = {}): Promise<Sold> {
  const asked = { method: "POST", headers: { ...context.bearer, ...headers }, ...(body === undefined ? {} : { body }) };
  const response = await fetch(`${context.httpUrl}/v1/tickets`, asked);
  return { status: response.status, body: (await response.json()) as Sold["body"] };
}

async function ticketFor(context: Context, subject: string): Promise<string> {
  const { status, body } = await buy(context, JSON.stringify({ subject }));
  same("status of a ticket's sale", status, 201);
  return body.ticket ?? "";
}

rule("H8", "a ticket is sold for 30 s and admits one connection to its subject", async (context) => {
  const subject = context.subject();
  const { status, body } = await buy(context, JSON.stringify({ subject }));
  same("status and members", [status, Object.keys(body).toSorted()], [201, ["expires_at", "ticket"]]);
  const expiresAt = body.expires_at ?? "";
  that(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(expiresAt), "expires_at", "a time of RFC 3339 in UTC", expiresAt);
  const ticket = body.ticket ?? "";
  that(!ticket.includes(context.target.token), "the ticket", "a text without the token", "one with it");
  const { socket } = await context.open({ ticket }, { anonymous: true });
  const seq = await context.broker.publish(subject, { n: 1 });
  same("seq of the event of the ticket's own subject", (await socket.events(1))[0]?.seq, seq);
  const again = await context.refusal({ ticket }, { anonymous: true });
  same("the second use", [again.status, again.body["type"]], [401, "/problems/unauthorized"]);
});

rule("H8", "a ticket is good for its own subjects alone", async (context) => {
  const subject = context.subject();
  const ticket = await ticketFor(context, subject);
  const other = await context.refusal({ ticket, subject: context.subject() }, { anonymous: true });
  same("status for another subject", other.status, 401);
  const { raw } = await context.open({ ticket, subject }, { anonymous: true });
  same("state with its own", raw.readyState, raw.OPEN);
});

rule("H8", "a ticket that is altered, empty, doubled or not alone is refused", async (context) => {
  const ticket = await ticketFor(context, context.subject());
  const altered = `${ticket.slice(0, -2)}${ticket.endsWith("AA") ? "BB" : "AA"}`;
  const answers = {
    altered: await context.askAnonymously(`/ws/events?ticket=${altered}`),
    empty: await context.askAnonymously("/ws/events?ticket="),
    doubled: await context.askAnonymously(`/ws/events?ticket=${ticket}&ticket=${ticket}`),
    "with a token": await context.ask(`/ws/events?ticket=${ticket}`),
    "for a ticket": await context.askAnonymously(`/v1/tickets?ticket=${ticket}`, {}, "POST"),
  };
  const statuses = Object.entries(answers).map(([name, { status }]) => `${name}: ${status}`);
  same("statuses", statuses, ["altered: 401", "empty: 400", "doubled: 400", "with a token: 400", "for a ticket: 401"]);
});

rule("H8", "the body of a sale is checked", async (context) => {
  const bodies = ["{", "[]", '{"subject":1}', '{"subject":[]}', '{"subject":"a..b"}', '{"subject":"other"}'];
  const statuses: number[] = [];
  for (const body of [...bodies, `{}${" ".repeat(4_095)}`]) statuses.push((await buy(context, body)).status);
  same("statuses", statuses, [400, 400, 400, 400, 400, 403, 413]);
  same("with a wrong token", (await buy(context, "{}", { authorization: "Bearer wrong" })).status, 401);
});

notChecked("H8", "a ticket that is late is refused", "half a minute of waiting");

rule("A11", "GET /v1/grant tells what the token may read, and until when", async (context) => {
  const { status, body } = await context.ask("/v1/grant");
  same("status", status, 200);
  const { subjects, expires_at: expiresAt } = JSON.parse(body) as { subjects?: unknown; expires_at?: unknown };
  that(
    Array.isArray(subjects) && subjects.length > 0 && subjects.every((entry) => typeof entry === "string"),
    "subjects",
    "a list of filters",
    subjects,
  );
  that(expiresAt === null || typeof expiresAt === "string", "expires_at", "a time or null", expiresAt);
  same("without a token", (await context.askAnonymously("/v1/grant")).status, 401);
});

rule("A11", "GET /console.json tells the console its settings, without a credential", async (context) => {
  const { status, body } = await context.askAnonymously("/console.json");
  const { tokenUrl } = JSON.parse(body) as { tokenUrl?: unknown };
  same("status", status, 200);
  that(tokenUrl === null || typeof tokenUrl === "string", "tokenUrl", "an address or null", tokenUrl);
});
