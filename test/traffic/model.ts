import { CLIENT_TYPE, type ClientType, isPc } from '@route/protocol';

/** The letters by which presence encodes client types, in its order. */
const LETTERS: readonly (readonly [ClientType, string])[] = [
  [CLIENT_TYPE.windows, 'w'],
  [CLIENT_TYPE.mac, 'm'],
  [CLIENT_TYPE.ios, 'i'],
  [CLIENT_TYPE.android, 'a'],
];

/** Number of clients per type. */
export type ClientCounts = ReadonlyMap<ClientType, number>;

/**
 * Tracks which users are online where, as the msg_servers know it: the state that the cluster must
 * reach.
 */
export class Model {
  readonly #users = new Map<number, Map<number, Map<ClientType, number>>>();

  /** Every user that was ever on any server. */
  get userIds(): readonly number[] {
    return [...this.#users.keys()];
  }

  /** Adds (1) or removes (-1) a client on a server. */
  change(server: number, userId: number, change: { type: ClientType; by: 1 | -1 }): void {
    const servers = entryOf(this.#users, userId, () => new Map());
    const counts = entryOf(servers, server, () => new Map());
    const count = (counts.get(change.type) ?? 0) + change.by;
    if (count < 0) throw new Error(`server ${server} has no such client of user ${userId}`);
    if (count > 0) counts.set(change.type, count);
    else counts.delete(change.type);
    if (counts.size === 0) servers.delete(server);
  }

  /** Whether a status query must return ONLINE: a PC client is connected anywhere. */
  isOnline(userId: number): boolean {
    for (const counts of this.#users.get(userId)?.values() ?? []) {
      for (const type of counts.keys()) if (isPc(type)) return true;
    }
    return false;
  }

  /** The clients of a user on each server, in presence's encoding, in alphabetical order. */
  holdingsOf(userId: number): readonly string[] {
    const servers = [...(this.#users.get(userId)?.values() ?? [])];
    return servers.map(holdingText).sort();
  }
}

/** `w1i2`: one Windows client and two iOS clients. */
function holdingText(counts: ClientCounts): string {
  const parts = LETTERS.map(([type, letter]) => {
    const count = counts.get(type) ?? 0;
    return count === 0 ? '' : letter + count;
  });
  return parts.join('');
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
