import { type ClientStatus, type ClientType, USER_STATUS } from '@route/link-client';

interface Held {
  count: number;
  away: boolean;
  /** When the oldest of them came, by performance.now(). */
  readonly sinceMs: number;
}

/** The client connections that one msg_server has open. */
export class HeldClients {
  readonly #users = new Map<number, Map<ClientType, Held>>();

  /** Users with any client here. */
  get users(): IterableIterator<number> {
    return this.#users.keys();
  }

  has(user: number): boolean {
    return this.#users.has(user);
  }

  /** The types that a user has here. */
  typesOf(user: number): ClientType[] {
    return [...(this.#users.get(user)?.keys() ?? [])];
  }

  /** When a user's oldest client of a type came; undefined where there is none. */
  sinceMs(user: number, type: ClientType): number | undefined {
    return this.#users.get(user)?.get(type)?.sinceMs;
  }

  add(user: number, type: ClientType): void {
    const types = this.#users.get(user) ?? new Map<ClientType, Held>();
    this.#users.set(user, types);
    const held = types.get(type);
    if (held === undefined) types.set(type, { count: 1, away: false, sinceMs: performance.now() });
    else held.count++;
  }

  /** Takes away all of a user's clients of a type; returns how many there were. */
  removeAll(user: number, type: ClientType): number {
    const types = this.#users.get(user);
    const count = types?.get(type)?.count ?? 0;
    types?.delete(type);
    if (types?.size === 0) this.#users.delete(user);
    return count;
  }

  /** A user's only client of a type goes away, or comes back; of several nobody could tell which. */
  turn(user: number, type: ClientType): 'away' | 'back' | undefined {
    const held = this.#users.get(user)?.get(type);
    if (held === undefined || held.count > 1) return undefined;
    held.away = !held.away;
    return held.away ? 'away' : 'back';
  }

  /** One entry for each client; the user whose place is 0 has the id `firstUserId`. */
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
