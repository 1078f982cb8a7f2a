import { type ClientStatus, type ClientType, USER_STATUS } from '@route/protocol';

interface Clients {
  count: number;
  away: number;
}

/**
 * Tracks the users of one link by what was sent on it, with the protocol's rules in the plainest
 * form.
 */
export class LinkUsers {
  readonly #users = new Map<number, Map<ClientType, Clients>>();

  has(userId: number): boolean {
    return [...(this.#users.get(userId)?.values() ?? [])].some(({ count }) => count > 0);
  }

  /** Applies a USER_STATUS_UPDATE. */
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

  /** Applies an entry of an ONLINE_USER_INFO: each adds one client. */
  list(entry: ClientStatus): void {
    if (entry.status === USER_STATUS.offline) {
      this.update(entry);
      return;
    }
    const clients = this.#clients(entry.userId, entry.clientType);
    clients.count++;
    if (entry.status === USER_STATUS.leave) clients.away++;
  }

  #clients(userId: number, clientType: ClientType): Clients {
    const types = this.#users.get(userId) ?? new Map<ClientType, Clients>();
    this.#users.set(userId, types);
    const clients = types.get(clientType) ?? { count: 0, away: 0 };
    types.set(clientType, clients);
    return clients;
  }
}
