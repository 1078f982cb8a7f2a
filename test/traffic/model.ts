import { CLIENT_TYPE, type ClientType, isPc } from '@route/protocol';

/** The letters by which presence writes down what a link holds of a user, in its order. */
const LETTERS: readonly (readonly [ClientType, string])[] = [
  [CLIENT_TYPE.windows, 'w'],
  [CLIENT_TYPE.mac, 'm'],
  [CLIENT_TYPE.ios, 'i'],
  [CLIENT_TYPE.android, 'a'],
];

/** How many clients of each type. */
export type ClientCounts = ReadonlyMap<ClientType, number>;

/** Who is online where, as the msg_servers know it: what the cluster must come to. */
export class Model {
  readonly #users = new Map<number, Map<number, Map<ClientType, number>>>();

  /** Every user who was ever on any server. */
  get userIds(): readonly number[] {
    return [...this.#users.keys()];
  }

  /** A client comes to a server (1) or goes from it (-1). */
  change(server: number, userId: number, change: { type: ClientType; by: 1 | -1 }): void {
    const servers = entryOf(this.#users, userId, () => new Map());
    const counts = entryOf(servers, server, () => new Map());
    const count = (counts.get(change.type) ?? 0) + change.by;
    if (count < 0) throw new Error(`server ${server} has no such client of user ${userId}`);
    if (count > 0) counts.set(change.type, count);
    else counts.delete(change.type);
    if (counts.size === 0) servers.delete(server);
  }

  /** Whether a status query must say ONLINE: there is a PC client anywhere. */
  isOnline(userId: number): boolean {
    for (const counts of this.#users.get(userId)?.values() ?? []) {
      for (const type of counts.keys()) if (isPc(type)) return true;
    }
    return false;
  }

  /** What each server holds of a user, as presence writes it, in alphabetical order. */
  holdingsOf(userId: number): readonly string[] {
    const servers = [...(this.#users.get(userId)?.values() ?? [])];
    return servers.map(holdingText).sort();
  }
}

/** `w1i2`: one Windows client and two iOS ones. */
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
