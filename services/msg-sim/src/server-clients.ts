import { type ClientStatus, type ClientType, USER_STATUS } from '@route/link-client';

interface Held {
  count: number;
  away: boolean;
  /** When the oldest of them came, by performance.now(). */
  readonly sinceMs: number;
}

/** The client connections that one msg_server has open. */
export class ServerClients {
  readonly #users = new Map<number, Map<ClientType, Held>>();

  /** Users with at least one client on this server. */
  get users(): IterableIterator<number> {
    return this.#users.keys();
  }

  has(user: number): boolean {
    return this.#users.has(user);
  }

  /** Returns the client types of a user on this server. */
  typesOf(user: number): ClientType[] {
    return [...(this.#users.get(user)?.keys() ?? [])];
  }

  /** Returns when a user's oldest client of a type connected; undefined without one. */
  sinceMs(user: number, type: ClientType): number | undefined {
    return this.#users.get(user)?.get(type)?.sinceMs;
  }

  add(user: number, type: ClientType): void {
    const types = this.#users.get(user) ?? new Map<ClientType, Held>();
    this.#users.set(user, types);
    const entry = types.get(type);
    if (entry === undefined) types.set(type, { count: 1, away: false, sinceMs: performance.now() });
    else entry.count++;
  }

  /** Removes a user's clients of a type; returns their number. */
  removeAll(user: number, type: ClientType): number {
    const types = this.#users.get(user);
    const count = types?.get(type)?.count ?? 0;
    types?.delete(type);
    if (types?.size === 0) this.#users.delete(user);
    return count;
  }

  /**
   * Marks a user's only client of a type away or back. With several clients the result would be
   * ambiguous.
   */
  turn(user: number, type: ClientType): 'away' | 'back' | undefined {
    const entry = this.#users.get(user)?.get(type);
    if (entry === undefined || entry.count > 1) return undefined;
    entry.away = !entry.away;
    return entry.away ? 'away' : 'back';
  }

  /** Returns one entry per client; `firstUserId` is the id of user 0. */
  list(firstUserId: number): ClientStatus[] {
    const all: ClientStatus[] = [];
    for (const [user, types] of this.#users) {
      for (const [clientType, { count, away }] of types) {
        const status = away ? USER_STATUS.leave : USER_STATUS.online;
        const entry = { userId: firstUserId + user, status, clientType };
        for (let i = 0; i < count; i++) all.push(entry);
      }
    }
    return all;
  }
}
