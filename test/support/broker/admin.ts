import { connect } from "nats.ws";
import type { Rig } from "./rig.ts";
import { until } from "../until.ts";
import { STREAM, type RigOptions } from "./rig-control.ts";

/** Deletes every consumer of the stream, as an operator's script would; returns how many there were. */
export async function deleteConsumers(rig: Rig, { user, pass }: RigOptions = {}): Promise<number> {
  const login = user === undefined || pass === undefined ? {} : { user, pass };
  const connection = await connect({ servers: rig.server.url, name: "test-rig", ...login });
  try {
    const manager = await connection.jetstreamManager({ checkAPI: false });
    const found = await rig.consumers();
    for (const { name } of found) await manager.consumers.delete(STREAM, name);
    return found.length;
  } finally {
    await connection.close();
  }
}

/**
 * Gives a running broker another configuration and waits until it has taken it. The broker must have been restarted
 * once: a port that the OS chose at the first start may not change by a reload, so it refuses the whole of it.
 */
export async function reload(rig: Rig, extraConfig: string): Promise<void> {
  const taken = (): number => rig.server.child?.tail(500).split("Reloaded server configuration").length ?? 0;
  const before = taken();
  await rig.server.reconfigure(extraConfig);
  await until("the broker has taken its new configuration", () => taken() > before);
}

/** Configuration lines for a rig that logs in as `rig`, and a relay user with everything but what `deny` names. */
export function relayUser(deny: readonly string[], subscribeDeny: readonly string[] = []): string {
  const list = (subjects: readonly string[]): string => JSON.stringify(subjects);
  return `authorization { users: [
    { user: rig, password: rig },
    { user: relay, password: secret, permissions: {
      publish: { allow: [">"], deny: ${list(deny)} }, subscribe: { allow: [">"], deny: ${list(subscribeDeny)} } } }
  ] }`;
}

/** All rights that docs/deploy.md gives the relay's user. */
export const NEEDED_RIGHTS = {
  publish: [
    "$JS.API.STREAM.INFO.CELLOS_EVENTS",
    "$JS.API.STREAM.MSG.GET.CELLOS_EVENTS",
    "$JS.API.CONSUMER.CREATE.CELLOS_EVENTS.>",
    "$JS.API.CONSUMER.DELETE.CELLOS_EVENTS.>",
    "$JS.API.CONSUMER.MSG.NEXT.CELLOS_EVENTS.>",
  ],
  subscribe: ["_INBOX_relay.>"],
} as const;

/** As `relayUser`, but the relay's user may do nothing but what is listed. */
export function leastUser(publish: readonly string[], subscribe: readonly string[]): string {
  // An empty list would allow everything.
  const only = (subjects: readonly string[]): string =>
    JSON.stringify(subjects.length > 0 ? { allow: subjects } : { deny: [">"] });
  return `authorization { users: [
    { user: rig, password: rig },
    { user: relay, password: secret, permissions: {
      publish: ${only(publish)}, subscribe: ${only(subscribe)} } }
  ] }`;
}

export const RIG_USER = { user: "rig", pass: "rig" } as const;
export const RELAY_USER = { NATS_USER: "relay", NATS_PASS: "secret" } as const;
