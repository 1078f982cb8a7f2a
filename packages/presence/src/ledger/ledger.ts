import type { ClientStatus } from '@route/protocol';
import { SHARD_COUNT, shardOf } from '@route/redis';
import { PresenceEntry } from './presence-entry.ts';
import { UserTable } from './user-table.ts';

/** Table value for an entry that is not shared. */
const ODD = 0xffff_ffff;

/**
 * The clients that one link has reported, kept while it is open, because msg_servers do not report
 * twice. Split into the shards of Redis, so that one shard can be asserted alone.
 */
export class Ledger {
  /** Per shard: each user and the place of the user's entry. */
  readonly #shards: (UserTable | undefined)[] = new Array(SHARD_COUNT).fill(undefined);
  readonly #odd = new Map<number, PresenceEntry>();
  readonly #changed: ((userId: number, held: boolean) => void) | undefined;
  #users = 0;

  /** `changed` is called when a user gains a first client on the link or loses the last one. */
  constructor(changed?: (userId: number, held: boolean) => void) {
    this.#changed = changed;
  }

  /** Users with at least one client. */
  get size(): number {
    return this.#users;
  }

  entry(userId: number): PresenceEntry {
    return this.#entryAt(userId, this.#shards[shardOf(userId)]?.get(userId) ?? 0);
  }

  /** Applies a status update and returns the new entry. */
  update(update: ClientStatus): PresenceEntry {
    return this.#set(update.userId, this.entry(update.userId).updated(update));
  }

  /** Applies one client of a snapshot and returns the new entry. */
  add(client: ClientStatus): PresenceEntry {
    return this.#set(client.userId, this.entry(client.userId).added(client));
  }

  /** Calls `show` with the entry of each user of a shard. */
  eachEntry(shard: number, show: (entry: PresenceEntry, userId: number) => void): void {
    this.#shards[shard]?.forEach((userId, place) => {
      show(this.#entryAt(userId, place), userId);
    });
  }

  holdsIn(shard: number): boolean {
    return (this.#shards[shard]?.size ?? 0) > 0;
  }

  /** Copies the ids of the users of a shard, or only of those with a PC client. */
  usersOf(shard: number, which: 'all' | 'pc' = 'all'): number[] {
    const users: number[] = [];
    this.eachEntry(shard, ({ state }, userId) => {
      if (which === 'all' || state === 'pc') users.push(userId);
    });
    return users;
  }

  #entryAt(userId: number, place: number): PresenceEntry {
    if (place === ODD) return this.#odd.get(userId) ?? PresenceEntry.NOTHING;
    return PresenceEntry.at(place);
  }

  #set(userId: number, entry: PresenceEntry): PresenceEntry {
    const { place } = entry;
    if (place === undefined) this.#odd.set(userId, entry);
    else if (this.#odd.size > 0) this.#odd.delete(userId);
    const users = this.#tableOf(shardOf(userId));
    const before = users.size;
    if (entry.isNothing) users.delete(userId);
    else users.set(userId, place ?? ODD);
    const more = users.size - before;
    this.#users += more;
    if (more !== 0) this.#changed?.(userId, more > 0);
    return entry;
  }

  #tableOf(shard: number): UserTable {
    const table = this.#shards[shard] ?? new UserTable();
    this.#shards[shard] = table;
    return table;
  }
}
