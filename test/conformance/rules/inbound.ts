import { once } from "node:events";
import { notChecked, rule, same } from "../check.ts";
import type { Context } from "../context.ts";
import { Flow } from "../flow.ts";
import type { Dialled } from "../../support/wire/dial.ts";

const LIMIT_BYTES = 64 * 1024;
const PER_MINUTE = 60;

/** Fails unless the connection still delivers. */
async function stillWorks(context: Context, { socket }: Dialled, subject: string): Promise<void> {
  const seq = await context.broker.publish(subject, { works: true });
  for (;;) {
    const events = await socket.events(1);
    if (events.some((event) => event.seq === seq)) return;
  }
}

async function opened(context: Context): Promise<{ dialled: Dialled; subject: string }> {
  const subject = context.subject();
  return { dialled: await context.open({ subject }), subject };
}

rule("W10", "the text `ping` is answered `pong`, as often as it is sent", async (context) => {
  const { dialled, subject } = await opened(context);
  for (let n = 0; n < 200; n += 1) dialled.raw.send("ping");
  for (let n = 0; n < 200; n += 1) await dialled.socket.type("pong");
  await stillWorks(context, dialled, subject);
  const control = once(dialled.raw, "pong", { signal: AbortSignal.timeout(5_000) });
  dialled.raw.ping("x");
  await control;
});

rule("W10", "every other frame is ignored", async (context) => {
  const { dialled, subject } = await opened(context);
  const { raw, socket } = dialled;
  for (const text of ["Ping", "ping ", "ping\n", "", "pong", "{}", '{"type":"ping"}', "x".repeat(1000), "null", "\0"])
    raw.send(text);
  raw.send(Buffer.from("ping"));
  raw.send(Buffer.alloc(0));
  raw.send(Buffer.from([0xff, 0xfe]));
  await stillWorks(context, dialled, subject);
  same(
    "answers",
    socket.received.filter(({ frame }) => frame.event === undefined),
    [],
  );
});

rule("W10", "a message of exactly 64 KiB passes, text and binary", async (context) => {
  const { dialled, subject } = await opened(context);
  dialled.raw.send("x".repeat(LIMIT_BYTES));
  dialled.raw.send("é".repeat(LIMIT_BYTES / 2));
  dialled.raw.send(Buffer.alloc(LIMIT_BYTES));
  await stillWorks(context, dialled, subject);
});

rule("W10", "a message of 64 KiB and one byte: close 1009", async (context) => {
  for (const message of ["x".repeat(LIMIT_BYTES + 1), "é".repeat(LIMIT_BYTES / 2 + 1), Buffer.alloc(LIMIT_BYTES + 1)]) {
    const { dialled } = await opened(context);
    dialled.raw.send(message);
    same("close code", (await dialled.socket.closed(5_000)).code, 1009);
  }
});

rule("W10", "60 messages in a minute pass, the 61st closes 1008, pings do not count", async (context) => {
  const { dialled, subject } = await opened(context);
  for (let n = 0; n < PER_MINUTE; n += 1) {
    dialled.raw.send(`${n}`);
    dialled.raw.send("ping");
  }
  await stillWorks(context, dialled, subject);
  dialled.raw.send("61");
  const { code, reason } = await dialled.socket.closed(5_000);
  same("close", [code, reason], [1008, "too many messages"]);
});

const LEAVE_LIMIT_MS = 1_000;

/** Closes and says with which code that was answered; fails after a second. */
async function leave({ raw }: Dialled, code?: number, reason?: string): Promise<{ code: number; ms: number }> {
  const startedMs = Date.now();
  const closed = once(raw, "close", { signal: AbortSignal.timeout(LEAVE_LIMIT_MS * 10) });
  raw.close(code, reason);
  const [answered] = (await closed) as [number];
  return { code: answered, ms: Date.now() - startedMs };
}

const LEAVING = [[4005, "bye"], [1000], [1000, "done"], [4999], [3000]] as const;

rule("W14", "a close is answered with its own code within a second", async (context) => {
  for (const [code, reason] of LEAVING) {
    const { dialled } = await opened(context);
    const answered = await leave(dialled, code, reason);
    same(`answer to ${code}`, answered.code, code);
    same(`answer to ${code} within ${LEAVE_LIMIT_MS} ms (${answered.ms} ms)`, answered.ms <= LEAVE_LIMIT_MS, true);
  }
  const { dialled } = await opened(context);
  const { code, ms } = await leave(dialled);
  same("answer to a close without a code is 1000 or none", code === 1000 || code === 1005, true);
  same(`answer without a code within ${LEAVE_LIMIT_MS} ms (${ms} ms)`, ms <= LEAVE_LIMIT_MS, true);
});

rule(
  "W14",
  "the same under a firehose",
  async (context) => {
    const subject = context.subject();
    const clients: Dialled[] = [];
    for (const [index] of LEAVING.entries()) {
      clients.push(
        index % 2 === 1 && context.traits.speaksV2
          ? await context.openV2({ subject })
          : await context.open({ subject }),
      );
    }
    await using _firehose = new Flow(async () => {
      await context.broker.burst(subject, 100, 500);
    });
    await Promise.all(clients.map(({ socket }) => socket.events(200)));
    const answers: { code: number; ms: number }[] = [];
    for (const [index, client] of clients.entries()) answers.push(await leave(client, LEAVING[index]?.[0]));
    same(
      "codes",
      answers.map(({ code }) => code),
      LEAVING.map(([code]) => code),
    );
    same(
      `none later than ${LEAVE_LIMIT_MS} ms`,
      answers.filter(({ ms }) => ms > LEAVE_LIMIT_MS),
      [],
    );
  },
  "loads",
);

rule("W11", "the upgrade is answered within 10 s, and a join on a healthy broker is not closed", async (context) => {
  const startedMs = Date.now();
  const { dialled, subject } = await opened(context);
  same("answered in time", Date.now() - startedMs < 10_000, true);
  await stillWorks(context, dialled, subject);
});

notChecked("W11", "closes 1008 and 1013 while the broker refuses or does not answer", "a broker that may be stopped");
notChecked("W12", "a broker that goes away closes nobody", "a broker that may be restarted");
