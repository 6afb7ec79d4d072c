/** EFFECTS: finds a hub for every page: one that covers its place, or one of its own until another does. */
import { fromBase64Url } from "../../protocol/base64url.ts";
import { BEARER_PREFIX } from "../../protocol/subprotocol.ts";
import { Hub, type Member } from "./hub.ts";
import type { OpenLine } from "../wire/line.ts";
import type { Join, ToPage } from "./messages.ts";
import { claimsOf } from "../wire/token.ts";

/** What a page does with its share. */
export interface Seat {
  handled(): void;
  /** A token that replaces the one of the socket. */
  send(text: string): void;
  leave(): void;
}

interface Party {
  hubs: Hub[];
  /** Pages that wait until a hub which is opening tells where it starts. */
  queue: { readonly member: Member; readonly join: Join }[];
}

export class Lobby {
  readonly #open: OpenLine;
  readonly #parties = new Map<string, Party>();

  constructor(open: OpenLine) {
    this.#open = open;
  }

  join(join: Join, post: (message: ToPage) => void): Seat {
    const key = keyOf(join);
    const party = this.#parties.get(key) ?? { hubs: [], queue: [] };
    this.#parties.set(key, party);
    const { searchParams } = new URL(join.url);
    const since = searchParams.get("since");
    const place = { since: since === null ? null : Number(since), epoch: searchParams.get("epoch") };
    const member: Member = { post, place, had: place.since ?? 0, next: 0, unread: [], unreadChars: 0 };
    this.#place(party, member, join);
    const hubOf = (): Hub | undefined => party.hubs.find((hub) => hub.has(member));
    return {
      handled: () => hubOf()?.handled(member),
      send: (text) => hubOf()?.send(text),
      leave: () => {
        party.queue = party.queue.filter((waiting) => waiting.member !== member);
        hubOf()?.leave(member);
        party.hubs = party.hubs.filter((hub) => hub.pace !== "closed");
        if (party.hubs.length === 0 && party.queue.length === 0) this.#parties.delete(key);
      },
    };
  }

  #place(party: Party, member: Member, join: Join): void {
    const hub = party.hubs.find((candidate) => candidate.covers(member.place, Date.now()));
    if (hub !== undefined) {
      member.post("opened");
      hub.add(member);
    } else if (party.hubs.some(({ pace }) => pace === "opening")) {
      party.queue.push({ member, join });
    } else {
      const host = { open: this.#open, onChange: () => this.#onChange(party) };
      party.hubs.push(new Hub(new URL(join.url), join.protocols, member, host));
    }
  }

  /** Whoever has caught up goes over to the oldest socket that is live. */
  #onChange(party: Party): void {
    const live = party.hubs.filter(({ pace }) => pace === "live");
    const [main] = live;
    for (const hub of live) {
      if (main === undefined || hub === main) continue;
      if ([...hub.members].every(({ place }) => main.covers(place, Date.now()))) hub.moveTo(main);
    }
    party.hubs = party.hubs.filter(({ pace }) => pace !== "closed");
    for (const { member, join } of party.queue.splice(0)) this.#place(party, member, join);
  }
}

/** Same address but for the place, same credential: of a JWT, what it says besides when it was issued. */
export function keyOf({ url, protocols }: Join): string {
  const address = new URL(url);
  address.searchParams.delete("since");
  address.searchParams.delete("epoch");
  const bearer = protocols.find((value) => value.startsWith(BEARER_PREFIX))?.slice(BEARER_PREFIX.length) ?? "";
  const token = fromBase64Url(bearer) ?? bearer;
  const { exp: _exp, iat: _iat, nbf: _nbf, jti: _jti, ...claims } = claimsOf(token) ?? { token };
  return `${address.href} ${JSON.stringify(claims)}`;
}
