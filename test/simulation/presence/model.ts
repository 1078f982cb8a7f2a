import {
  CLIENT_TYPE,
  type ClientStatus,
  type ClientType,
  isPc,
  USER_STATUS,
} from '@route/protocol';

export type State = 'gone' | 'mobile-only' | 'pc';

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

/** What one link has reported, by the rules of the protocol in the plainest way. */
export class LinkModel {
  /** Whether it counts: not in a cluster that counts masters only, before it is one. */
  counts: boolean;
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

  /** As Redis keeps it: 'w1i2'; '' for nothing. */
  holding(userId: number): string {
    const types = this.users.get(userId);
    return LETTERS.map(([type, letter]) => {
      const count = types?.get(type)?.count ?? 0;
      return count === 0 ? '' : `${letter}${count}`;
    }).join('');
  }

  state(userId: number): State {
    let state: State = 'gone';
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

/** What several links' reports of a user come to. */
export function together(links: Iterable<LinkModel>, userId: number): State {
  let state: State = 'gone';
  for (const link of links) {
    if (!link.counts) continue;
    const own = link.state(userId);
    if (own === 'pc') return 'pc';
    if (own === 'mobile-only') state = own;
  }
  return state;
}
