import { describe, expect, it } from "vitest";
import type { Authentication, Grant } from "../../../src/grant/grant.ts";
import { V1, V2, type Protocol } from "../../../src/protocol/subprotocol.ts";
import { Renewal } from "../../../src/room/renewal.ts";
import type { Session } from "../../../src/room/delivery/session.ts";
import { drained, ModelClock } from "../../support/model/clock.ts";
import { makeSession } from "../../support/model/session.ts";

const SUBJECT = "cellos.events.a.>";

function granted(change: Partial<Grant> = {}): Authentication {
  const mark = { kind: "jwt", sub: "alice", jti: null } as const;
  return { kind: "granted", grant: { subjects: [SUBJECT], expiresAtMs: null, id: "alice", mark, ...change } };
}

/** What each token turns out to be; one that is not named is not valid. */
type Tokens = Readonly<Record<string, Authentication | Promise<Authentication>>>;

function room(tokens: Tokens = {}, protocol: Protocol = V2) {
  const clock = new ModelClock();
  const told: unknown[] = [];
  const checked: string[] = [];
  const session: Session = makeSession({
    socket: { send: () => {}, close: () => {} },
    protocol,
    grantId: "alice",
    expiresAtMs: clock.wallMs + 1_000,
    mark: { kind: "jwt", sub: "alice", jti: null },
  });
  let isHere = true;
  const renewal = new Renewal({
    runtime: clock.runtime,
    subject: () => SUBJECT,
    authenticate: async (token) => {
      checked.push(token);
      return tokens[token] ?? { kind: "invalid" };
    },
    isHere: () => isHere,
    answer: (_session, text) => void told.push(JSON.parse(text)),
    close: (_session, name) => {
      isHere = false;
      told.push(name);
    },
    changed: ({ grantId }, former) => void told.push(grantId === former ? "changed" : `${former} is ${grantId} now`),
  });
  const send = (token: unknown): Promise<void> | null => renewal.take(session, JSON.stringify({ type: "auth", token }));
  const leave = (): void => void (isHere = false);
  return { clock, renewal, session, told, checked, send, leave };
}

const AUTHORIZED = { type: "authorized" };

describe("Renewal", () => {
  it("[V8] replaces the expiry, later or sooner, and says it twice", async () => {
    const base = new ModelClock().wallMs;
    const { send, told, session } = room({
      later: granted({ expiresAtMs: base + 90_000, mark: { kind: "jwt", sub: "alice", jti: "2" } }),
      sooner: granted({ expiresAtMs: base + 500 }),
    });
    await send("later");
    expect(session).toMatchObject({ expiresAtMs: base + 90_000, mark: { jti: "2" }, isRenewing: false });
    await send("sooner");
    expect(session.expiresAtMs).toBe(base + 500);
    expect(told).toEqual([
      "changed",
      { ...AUTHORIZED, expiresAtMs: base + 90_000, expiresInMs: 90_000 },
      "changed",
      { ...AUTHORIZED, expiresAtMs: base + 500, expiresInMs: 500 },
    ]);
  });

  it.each<readonly [string, Authentication]>([
    ["not valid", { kind: "invalid" }],
    ["no credential at all", { kind: "missing" }],
    ["of a relay without keys", { kind: "unconfigured" }],
  ])("[V8] closes 4401 for a token that is %s", async (_name, authentication) => {
    const { send, told } = room({ t: authentication });
    await send("t");
    expect(told).toEqual(["tokenRefused"]);
  });

  it.each([undefined, null, 7, "", ["t"], {}])("[V8] closes 4401 for the token %j, which is none", async (token) => {
    const { send, told } = room({ "": { kind: "invalid" } });
    await send(token);
    expect(told).toEqual(["tokenRefused"]);
  });

  it.each<readonly [string, Partial<Grant>]>([
    ["another holder's", { id: "bob" }],
    ["narrower than what is read", { subjects: ["cellos.events.a.b"] }],
    ["for nothing", { subjects: [] }],
    ["an API token", { mark: { kind: "api-token" } }],
  ])("[V8] closes 4403 for a token that is %s, and changes nothing before", async (_name, change) => {
    const { send, told, session } = room({ t: granted({ expiresAtMs: 9e15, ...change }) });
    const { expiresAtMs, grantId } = session;
    await send("t");
    expect(told).toEqual(["forbidden"]);
    expect(session).toMatchObject({ expiresAtMs, grantId, mark: { kind: "jwt" } });
  });

  it("[V8] lets one API token follow another, and no signed token follow it", async () => {
    const mark = { kind: "api-token" } as const;
    const { send, told, session } = room({ second: granted({ id: "2", mark }), jwt: granted() });
    Object.assign(session, { mark, grantId: "1", expiresAtMs: null });
    await send("second");
    expect(told).toEqual(["1 is 2 now", { ...AUTHORIZED, expiresAtMs: null, expiresInMs: null }]);
    expect(session.grantId).toBe("2");
    await send("jwt");
    expect(told.at(-1)).toBe("forbidden");
  });

  it("[V8] says so when nobody can check the token, and the connection goes on", async () => {
    const { send, told, session } = room({ t: { kind: "unavailable" } });
    const { expiresAtMs } = session;
    await send("t");
    expect(told).toEqual([
      { type: "problem", problem: expect.objectContaining({ type: "/problems/ws/auth-unavailable" }) },
    ]);
    expect(session).toMatchObject({ expiresAtMs, isRenewing: false });
  });

  it("[V8] checks one token at a time, and answers in the order of the frames", async () => {
    const slow = Promise.withResolvers<Authentication>();
    const base = new ModelClock().wallMs;
    const { send, told, checked, session } = room({
      slow: slow.promise,
      quick: granted({ expiresAtMs: base + 7_000 }),
    });
    void send("slow");
    const last = send("quick");
    await drained();
    expect([checked, told, session.isRenewing]).toEqual([["slow"], [], true]);
    slow.resolve({ kind: "unavailable" });
    await last;
    expect(checked).toEqual(["slow", "quick"]);
    expect(told).toMatchObject([{ type: "problem" }, "changed", { ...AUTHORIZED, expiresInMs: 7_000 }]);
    expect(session.isRenewing).toBe(false);
  });

  it("[V8] closes 1008 at the seventh frame of a sliding minute", async () => {
    const { send, told, clock } = room({ t: granted() });
    const answers = (): number => told.filter((one) => one !== "changed").length;
    for (let n = 0; n < 6; n += 1) {
      await send("t");
      await clock.advance(9_000);
    }
    expect(answers()).toBe(6);
    await clock.advance(6_000);
    await send("t");
    expect([answers(), told.at(-1)]).toMatchObject([7, AUTHORIZED]);
    await clock.advance(8_999);
    await send("t");
    expect(told.at(-1)).toBe("tooManyMessages");
  });

  it("[V8] answers nobody who has left", async () => {
    const slow = Promise.withResolvers<Authentication>();
    const { send, told, checked, leave } = room({ slow: slow.promise });
    void send("slow");
    const last = send("later");
    await drained();
    leave();
    slow.resolve(granted());
    await last;
    expect([told, checked]).toEqual([[], ["slow"]]);
  });

  it("[V8] a check that fails ends the connection, not the room", async () => {
    const { send, told, clock } = room({ t: Promise.reject(new Error("secret")) });
    await send("t");
    expect(told).toEqual(["internalError"]);
    expect(clock.lines.join()).toContain("renewal-failed");
    expect(clock.lines.join()).not.toContain("secret");
  });

  it.each(["", "auth", '{"type":"ping","token":"auth"}', '"auth"', "null", '["auth"]', '{"type":"auth"', "ping"])(
    "[V8] [W10] leaves %j to the count of messages",
    (text) => {
      const { renewal, session } = room();
      expect(renewal.take(session, text)).toBeNull();
    },
  );

  it("[V8] [W10] leaves to that count what is binary, too big, or said in version 1", () => {
    const text = JSON.stringify({ type: "auth", token: "t" });
    const { renewal, session } = room();
    expect(renewal.take(session, new TextEncoder().encode(text).buffer)).toBeNull();
    expect(renewal.take(session, JSON.stringify({ type: "auth", token: "t".repeat(65_536) }))).toBeNull();
    const first = room({}, V1);
    expect(first.renewal.take(first.session, text)).toBeNull();
  });
});
