import { describe, expect, it } from "vitest";
import { loadConfig, type Config } from "../../../src/config/config.ts";
import { admit, type AdmissionInput } from "../../../src/edge/admission.ts";
import type { Authentication, Grant } from "../../../src/grant/grant.ts";
import type { Ticket } from "../../../src/ticket/ticket.ts";
import type { RefusalReason } from "../../../src/edge/refusals.ts";

function configWith(env: Record<string, string> = {}): Config {
  const result = loadConfig(env);
  if (!result.ok) throw new Error(result.problem);
  return result.config;
}

const GRANT: Grant = { subjects: ["cellos.events.>"], expiresAtMs: null, id: "0", mark: { kind: "api-token" } };
const SIGNED = { kind: "jwt", sub: "alice", jti: null } as const;
const GRANTED: Authentication = { kind: "granted", grant: GRANT };

const GOOD: AdmissionInput = {
  authentication: GRANTED,
  ticket: null,
  claim: "c",
  origin: "https://relay.example",
  ownOrigin: "https://relay.example",
  search: "?subject=cellos.events.a.>&since=5&epoch=e1",
  protocols: "cellos.relay.v2, cellos.events.v1, bearer.YQ",
  upgrade: "websocket",
};

function outcome(change: Partial<AdmissionInput>, config = configWith()): string {
  const verdict = admit({ ...GOOD, ...change }, config);
  if (verdict.kind === "refused") return verdict.reason;
  return verdict.isUpgrade ? "admitted" : "not-an-upgrade";
}

describe("admit", () => {
  it("[H1] admits a request in order and says what its room needs", () => {
    expect(admit(GOOD, configWith())).toEqual({
      kind: "admitted",
      grant: GRANT,
      join: {
        subject: "cellos.events.a.>",
        since: 5,
        epoch: "e1",
        protocol: "cellos.relay.v2",
        echoProtocol: true,
        expiresAtMs: null,
        grantId: "0",
        mark: { kind: "api-token" },
        ticket: null,
        meta: false,
      },
      maxSubjects: null,
      maxClients: null,
      isUpgrade: true,
    });
  });

  it("[H8] hands the room a ticket to spend, which outlives what may hold the request up", () => {
    const ticket: Ticket = { id: "t", expiresAtMs: 1_000, isBound: false, grant: GRANT };
    expect(admit({ ...GOOD, ticket }, configWith())).toMatchObject({
      join: { ticket: { id: "t", claim: "c", untilMs: 61_000 } },
    });
  });

  it("[H8] gives a request without a subject that of its ticket, also where the default lies inside it", () => {
    const subjectOf = (isBound: boolean, ...subjects: string[]): string => {
      const grant: Grant = { ...GRANT, subjects };
      const ticket: Ticket = { id: "t", expiresAtMs: 1_000, isBound, grant };
      const authentication: Authentication = { kind: "granted", grant };
      const config = configWith({ DEFAULT_SUBJECT: "cellos.events.d.>" });
      const verdict = admit({ ...GOOD, authentication, ticket, search: "" }, config);
      return verdict.kind === "refused" ? verdict.reason : verdict.join.subject;
    };
    expect(subjectOf(true, "cellos.events.>")).toBe("cellos.events.>");
    expect(subjectOf(false, "cellos.events.>")).toBe("cellos.events.d.>");
    expect(subjectOf(true, "cellos.events.d.>", "cellos.events.e")).toBe("subject-forbidden");
  });

  it("[H1] admits the barest upgrade to the default subject, live, as v1", () => {
    const bare = { ...GOOD, origin: null, search: "", protocols: null };
    expect(admit(bare, configWith({ DEFAULT_SUBJECT: "cellos.events.b" }))).toMatchObject({
      join: { subject: "cellos.events.b", since: null, epoch: null, protocol: "cellos.events.v1", echoProtocol: false },
    });
  });

  it("[A3] hands the room the time the grant expires", () => {
    const authentication: Authentication = { kind: "granted", grant: { ...GRANT, expiresAtMs: 99 } };
    expect(admit({ ...GOOD, authentication }, configWith())).toMatchObject({ join: { expiresAtMs: 99 } });
  });

  /** One fault per check, in the order of H3. */
  const faults: readonly (readonly [RefusalReason, Partial<AdmissionInput>])[] = [
    ["auth-unconfigured", { authentication: { kind: "unconfigured" } }],
    ["ticket-with-token", { authentication: { kind: "misused", reason: "ticket-with-token" } }],
    ["credential-missing", { authentication: { kind: "missing" } }],
    ["credential-invalid", { authentication: { kind: "invalid" } }],
    ["too-many-failures", { authentication: { kind: "limited" } }],
    ["auth-unavailable", { authentication: { kind: "unavailable" } }],
    ["origin-forbidden", { origin: "https://evil.example" }],
    ["bad-since", { search: "?since=x&subject=other.>" }],
    ["bad-subprotocol", { protocols: "graphql-ws" }],
    ["subject-forbidden", { search: "?subject=other.>" }],
  ];

  it.each(faults)("[H3] refuses with %s", (reason, fault) => expect(outcome(fault)).toBe(reason));

  it("[H3] answers with the first of two faults, whichever they are", () => {
    faults.forEach(([reason, fault], index) => {
      for (const [, later] of faults.slice(index + 1)) expect(outcome({ ...later, ...fault })).toBe(reason);
    });
  });

  it("[A5] passes the relay's own origin, listed ones, and requests without one", () => {
    const listed = configWith({ ALLOWED_ORIGINS: "https://app.example" });
    expect(outcome({ origin: "https://app.example" }, listed)).toBe("admitted");
    expect(outcome({ origin: "https://relay.example" }, listed)).toBe("admitted");
    expect(outcome({ origin: null }, listed)).toBe("admitted");
    for (const origin of ["http://app.example", "https://app.example.evil", "https://app.example:8443", "null", ""]) {
      expect(outcome({ origin }, listed)).toBe("origin-forbidden");
    }
  });

  it("[A5] passes any origin, null too, only when * is written out", () => {
    for (const origin of ["https://any.example", "null"]) {
      expect(outcome({ origin })).toBe("origin-forbidden");
      expect(outcome({ origin }, configWith({ ALLOWED_ORIGINS: "*" }))).toBe("admitted");
    }
  });

  it("[H4] refuses a subject outside the root, or outside the credential's grant", () => {
    expect(outcome({ search: "?subject=cellos.>" })).toBe("subject-forbidden");
    expect(outcome({ search: "?subject=cellos.events" })).toBe("subject-forbidden");
    const narrow: Authentication = {
      kind: "granted",
      grant: { ...GRANT, subjects: ["cellos.events.t1.>", "other.>"] },
    };
    expect(outcome({ authentication: narrow, search: "?subject=cellos.events.t1.*" })).toBe("admitted");
    expect(outcome({ authentication: narrow, search: "?subject=cellos.events.t2.a" })).toBe("subject-forbidden");
    expect(outcome({ authentication: narrow, search: "?subject=other.a" })).toBe("subject-forbidden");
  });

  it("[A2] gives a request without a subject the default, else the only filter of the grant, else refuses", () => {
    const subjectOf = (...subjects: string[]): string => {
      const authentication: Authentication = { kind: "granted", grant: { ...GRANT, subjects } };
      const verdict = admit(
        { ...GOOD, authentication, search: "" },
        configWith({ DEFAULT_SUBJECT: "cellos.events.d.>" }),
      );
      return verdict.kind === "refused" ? verdict.reason : verdict.join.subject;
    };
    expect(subjectOf("cellos.events.>")).toBe("cellos.events.d.>");
    expect(subjectOf(">", "cellos.events.a")).toBe("cellos.events.d.>");
    expect(subjectOf("cellos.events.a.>")).toBe("cellos.events.a.>");
    expect(subjectOf("other.>", "cellos.events.a.>", "cellos.events.a.b", "cellos.events.a.>")).toBe(
      "cellos.events.a.>",
    );
    expect(subjectOf("cellos.events.a", "cellos.events.b")).toBe("subject-forbidden");
    expect(subjectOf("other.>")).toBe("subject-forbidden");
    expect(subjectOf()).toBe("subject-forbidden");
  });

  it.each(["websocket", "WebSocket", "h2c, websocket"])("[H3] takes Upgrade: %s as an upgrade", (upgrade) => {
    expect(admit({ ...GOOD, upgrade }, configWith())).toMatchObject({ isUpgrade: true });
  });

  it.each([null, "", "h2c", "websockets"])("[H3] takes Upgrade: %j as none, after every other check", (upgrade) => {
    expect(admit({ ...GOOD, upgrade }, configWith())).toMatchObject({ isUpgrade: false });
    for (const [reason, fault] of faults) expect(outcome({ ...fault, upgrade })).toBe(reason);
  });

  /** How many subjects the grant may have open, as a request for `subject` is told. */
  function limit(subject: string, grant: Partial<Grant>, env: Record<string, string>): unknown {
    const authentication: Authentication = { kind: "granted", grant: { ...GRANT, ...grant } };
    const verdict = admit({ ...GOOD, authentication, search: `?subject=${subject}` }, configWith(env));
    return verdict.kind === "admitted" ? verdict.maxSubjects : verdict.reason;
  }

  it("[B4] limits the subjects of an API token only where the limit is set, and those of other grants always", () => {
    const others = { mark: SIGNED };
    expect(limit("cellos.events.a", GRANT, {})).toBeNull();
    expect(limit("cellos.events.a", GRANT, { MAX_ROOMS_PER_GRANT: "7" })).toBe(7);
    expect(limit("cellos.events.a", others, {})).toBe(50);
    expect(limit("cellos.events.a", others, { MAX_ROOMS_PER_GRANT: "7" })).toBe(7);
  });

  it("[B4] keeps no books of DEFAULT_SUBJECT and of the grant's own filters", () => {
    const narrow = { subjects: ["cellos.events.t1.>", "cellos.events.t2.*"], mark: SIGNED };
    const env = { DEFAULT_SUBJECT: "cellos.events.t1.news", MAX_ROOMS_PER_GRANT: "7" };
    const subjects = ["t1.>", "t2.*", "t1.news", "t1.a", "t2.a"];
    const limits = subjects.map((subject) => limit(`cellos.events.${subject}`, narrow, env));
    expect(limits).toEqual([null, null, null, 7, 7]);
    expect(limit("cellos.events.%3E", GRANT, env)).toBeNull();
  });
});
