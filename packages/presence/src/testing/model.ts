import {
  CLIENT_TYPE,
  type ClientStatus,
  type ClientType,
  isPc,
  USER_STATUS,
} from '@route/protocol';
import type { LinkId, UserState } from '../presence.ts';

interface Clients {
  count: number;
  away: number;
}

interface ModelLink {
  counts: boolean;
  readonly users: Map<number, Map<ClientType, Clients>>;
}

const LETTERS = [
  [CLIENT_TYPE.windows, 'w'],
  [CLIENT_TYPE.mac, 'm'],
  [CLIENT_TYPE.ios, 'i'],
  [CLIENT_TYPE.android, 'a'],
] as const;

/**
 * What presence must come to, worked out from the rules of the protocol in the plainest way: link →
 * user → client type → how many are counted, and how many of these are away.
 */
export class PresenceModel {
  readonly #links = new Map<LinkId, ModelLink>();

  open(link: LinkId, aside: boolean): void {
    this.#links.set(link, { counts: !aside, users: new Map() });
  }

  close(link: LinkId): void {
    this.#links.delete(link);
  }

  setAside(link: LinkId, aside: boolean): void {
    this.#link(link).counts = !aside;
  }

  update(link: LinkId, { userId, clientType, status }: ClientStatus): void {
    const clients = this.#clients(link, userId, clientType);
    if (status === USER_STATUS.online) {
      if (clients.away > 0) clients.away -= 1;
      else clients.count += 1;
    } else if (status === USER_STATUS.leave) {
      if (clients.count === 0) clients.count = 1;
      if (clients.away < clients.count) clients.away += 1;
    } else if (clients.count > 0) {
      clients.count -= 1;
      if (clients.away > clients.count) clients.away = clients.count;
    }
  }

  snapshot(link: LinkId, entries: readonly ClientStatus[]): void {
    for (const entry of entries) {
      if (entry.status === USER_STATUS.offline) {
        this.update(link, entry);
        continue;
      }
      const clients = this.#clients(link, entry.userId, entry.clientType);
      clients.count += 1;
      if (entry.status === USER_STATUS.leave) clients.away += 1;
    }
  }

  /** What a link, which may be kept aside, has of a user, as Redis writes it: 'w1i2'. */
  holding(link: LinkId, userId: number): string {
    const types = this.#links.get(link)?.users.get(userId);
    return LETTERS.map(([type, letter]) => {
      const count = types?.get(type)?.count ?? 0;
      return count === 0 ? '' : `${letter}${count}`;
    }).join('');
  }

  /** What Redis must hold: user → 'link=holding' of each link, in the links' order. */
  records(): Map<number, string[]> {
    const records = new Map<number, string[]>();
    for (const [link, { counts, users }] of [...this.#links].sort()) {
      for (const userId of counts ? users.keys() : []) {
        const holding = this.holding(link, userId);
        if (holding === '') continue;
        records.set(userId, [...(records.get(userId) ?? []), `${link}=${holding}`]);
      }
    }
    return records;
  }

  /** Whether a link that counts has a PC client of a user. */
  countsPc(link: LinkId, userId: number): boolean {
    return this.#links.get(link)?.counts === true && /[wm]/.test(this.holding(link, userId));
  }

  state(userId: number): UserState {
    let state: UserState = 'gone';
    for (const { counts, users } of this.#links.values()) {
      for (const [type, { count }] of (counts && users.get(userId)) || []) {
        if (count > 0 && isPc(type)) return 'pc';
        if (count > 0) state = 'mobile-only';
      }
    }
    return state;
  }

  #clients(link: LinkId, userId: number, type: ClientType): Clients {
    const { users } = this.#link(link);
    const types = users.get(userId) ?? new Map<ClientType, Clients>();
    users.set(userId, types);
    const clients = types.get(type) ?? { count: 0, away: 0 };
    types.set(type, clients);
    return clients;
  }

  #link(id: LinkId): ModelLink {
    const link = this.#links.get(id);
    if (link === undefined) throw new Error(`the model knows no link ${id}`);
    return link;
  }
}
