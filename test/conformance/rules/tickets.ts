import { NotChecked, rule, same, that } from "../check.ts";
import type { Context } from "../context.ts";

const PATH = "/v1/tickets";

async function ticketOf(context: Context): Promise<string> {
  const { status, body } = await context.ask(PATH, { "content-type": "application/json" }, "POST");
  if (status === 404) throw new NotChecked(`a relay that has ${PATH}`);
  that(status === 200 || status === 201, `status (${body.slice(0, 100)})`, "200 or 201", status);
  const { ticket, expires_at: expiresAt } = JSON.parse(body) as { ticket?: string; expires_at?: unknown };
  that(typeof ticket === "string" && ticket.length >= 16, "ticket", "a text nobody guesses", ticket?.length);
  that(expiresAt !== undefined && expiresAt !== null, "expires_at", "a time", expiresAt);
  return ticket ?? "";
}

rule("H8", "a ticket opens one WebSocket, and only one", async (context) => {
  const ticket = await ticketOf(context);
  const subject = context.subject();
  const { socket } = await context.open({ subject, ticket }, { anonymous: true });
  const seq = await context.broker.publish(subject, { n: 1 });
  same("event", (await socket.events(1))[0]?.seq, seq);
  const { status } = await context.refusal({ subject, ticket }, { anonymous: true });
  same("status of a spent ticket", status, 401);
});

rule("H8", "a ticket is not spent by a request that is refused", async (context) => {
  const ticket = await ticketOf(context);
  const subject = context.subject();
  const plain = await context.askAnonymously(`/ws/events?subject=${subject}&ticket=${ticket}`);
  same("status of a plain GET", plain.status, 426);
  same("status of a bad query", (await context.refusal({ ticket, since: "x" }, { anonymous: true })).status, 400);
  await context.open({ subject, ticket }, { anonymous: true });
});

rule("H8", "no ticket without a credential, and a made-up one is none", async (context) => {
  const ticket = await ticketOf(context);
  same("status without a credential", (await context.askAnonymously(PATH, {}, "POST")).status, 401);
  for (const wrong of [`${ticket}x`, ticket.slice(0, -1), "x".repeat(ticket.length)]) {
    const { status } = await context.refusal({ subject: context.subject(), ticket: wrong }, { anonymous: true });
    same("status of a made-up ticket", status, 401);
  }
});
