import {
  CLIENT_TYPE,
  type ClientStatus,
  type ClientType,
  isPc,
  USER_STATUS,
} from '@route/protocol';
import { type LinkId, strongerState, type UserState } from '../presence.ts';

interface Clients {
  count: number;
  away: number;
}

const LETTERS = [
  [CLIENT_TYPE.windows, 'w'],
  [CLIENT_TYPE.mac, 'm'],
  [CLIENT_TYPE.ios, 'i'],
  [CLIENT_TYPE.android, 'a'],
] as const;

/** The reports of one link, by the rules of the protocol in the simplest implementation. */
export class LinkModel {
  /** Whether the link counts: not before it is master, in a cluster that counts masters only. */
  counts: boolean;
  /** User → client type → how many clients, and how many of these are away. */
  readonly users = new Map<number, Map<ClientType, Clients>>();

  constructor(counts: boolean) {
    this.counts = counts;
  }

  update({ userId, clientType, status }: ClientStatus): void {
    const clients = this.#clients(userId, clientType);
    if (status === USER_STATUS.online) {
      if (clients.away > 0) clients.away--;
      else clients.count++;
    } else if (status === USER_STATUS.leave) {
      if (clients.count === 0) clients.count = 1;
      if (clients.away < clients.count) clients.away++;
    } else if (clients.count > 0) {
      clients.count--;
      clients.away = Math.min(clients.away, clients.count);
    }
  }

  /** Each entry of a list stands for a client of its own. */
  list(entries: readonly ClientStatus[]): void {
    for (const entry of entries) {
      if (entry.status === USER_STATUS.offline) {
        this.update(entry);
        continue;
      }
      const clients = this.#clients(entry.userId, entry.clientType);
      clients.count++;
      if (entry.status === USER_STATUS.leave) clients.away++;
    }
  }

  /** The entry of a user as Redis stores it: 'w1i2', or '' for none. */
  holding(userId: number): string {
    const types = this.users.get(userId);
    return LETTERS.map(([type, letter]) => {
      const count = types?.get(type)?.count ?? 0;
      return count === 0 ? '' : `${letter}${count}`;
    }).join('');
  }

  state(userId: number): UserState {
    let state: UserState = 'gone';
    for (const [type, { count }] of this.users.get(userId) ?? []) {
      if (count > 0 && isPc(type)) return 'pc';
      if (count > 0) state = 'mobile-only';
    }
    return state;
  }

  #clients(userId: number, type: ClientType): Clients {
    const types = this.users.get(userId) ?? new Map<ClientType, Clients>();
    this.users.set(userId, types);
    const clients = types.get(type) ?? { count: 0, away: 0 };
    types.set(type, clients);
    return clients;
  }
}

/** Combines the reports of several links about a user. */
export function together(links: Iterable<LinkModel>, userId: number): UserState {
  let state: UserState = 'gone';
  for (const link of links) if (link.counts) state = strongerState(state, link.state(userId));
  return state;
}

/** The expected presence: the open links by id. */
export class PresenceModel {
  readonly #links = new Map<LinkId, LinkModel>();

  open(link: LinkId, standby: boolean): void {
    this.#links.set(link, new LinkModel(!standby));
  }

  close(link: LinkId): void {
    this.#links.delete(link);
  }

  setStandby(link: LinkId, standby: boolean): void {
    this.#link(link).counts = !standby;
  }

  update(link: LinkId, update: ClientStatus): void {
    this.#link(link).update(update);
  }

  snapshot(link: LinkId, entries: readonly ClientStatus[]): void {
    this.#link(link).list(entries);
  }

  /** The entry of a user on a link, on standby or not. */
  holding(link: LinkId, userId: number): string {
    return this.#links.get(link)?.holding(userId) ?? '';
  }

  /** The expected content of Redis: user → 'link=entry' of each link, in the links' order. */
  records(): Map<number, string[]> {
    const records = new Map<number, string[]>();
    for (const [id, link] of [...this.#links].sort()) {
      for (const userId of link.counts ? link.users.keys() : []) {
        const holding = link.holding(userId);
        if (holding === '') continue;
        records.set(userId, [...(records.get(userId) ?? []), `${id}=${holding}`]);
      }
    }
    return records;
  }

  /** Whether a link that counts has a PC client of a user. */
  countsPc(link: LinkId, userId: number): boolean {
    const known = this.#links.get(link);
    return known?.counts === true && known.state(userId) === 'pc';
  }

  state(userId: number): UserState {
    return together(this.#links.values(), userId);
  }

  #link(id: LinkId): LinkModel {
    const link = this.#links.get(id);
    if (link === undefined) throw new Error(`the model knows no link ${id}`);
    return link;
  }
}
