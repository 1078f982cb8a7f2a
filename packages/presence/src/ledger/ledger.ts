import type { ClientStatus } from '@route/protocol';
import { SHARD_COUNT, shardOf } from '@route/redis';
import { PresenceEntry } from './presence-entry.ts';
import { UserTable } from './user-table.ts';

/** Table value for an entry that is not shared. */
const ODD = 0xffff_ffff;

/**
 * The clients that one link has reported. The node keeps it while the link is open, because
 * msg_servers do not report twice. Split into the same shards as Redis, so that one shard can be
 * asserted alone.
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

  /** The entry of a user. */
  entry(userId: number): PresenceEntry {
    return this.#holdingAt(userId, this.#shards[shardOf(userId)]?.get(userId) ?? 0);
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
  eachEntry(shard: number, show: (holding: PresenceEntry) => void): void {
    this.#shards[shard]?.forEach((userId, place) => {
      show(this.#holdingAt(userId, place));
    });
  }

  /** Whether the link has any user of a shard. */
  holdsIn(shard: number): boolean {
    return (this.#shards[shard]?.size ?? 0) > 0;
  }

  /** Copies the ids of the users of a shard with a PC client. */
  pcUsersOf(shard: number): number[] {
    const pcUsers: number[] = [];
    this.#shards[shard]?.forEach((userId, place) => {
      if (this.#holdingAt(userId, place).state === 'pc') pcUsers.push(userId);
    });
    return pcUsers;
  }

  /** Copies the ids of all users of a shard. */
  usersOf(shard: number): number[] {
    const users: number[] = [];
    this.#shards[shard]?.forEach((userId) => {
      users.push(userId);
    });
    return users;
  }

  #holdingAt(userId: number, place: number): PresenceEntry {
    if (place === ODD) return this.#odd.get(userId) ?? PresenceEntry.NOTHING;
    return PresenceEntry.at(place);
  }

  #set(userId: number, holding: PresenceEntry): PresenceEntry {
    const shard = shardOf(userId);
    const { place } = holding;
    if (place === undefined) this.#odd.set(userId, holding);
    else if (this.#odd.size > 0) this.#odd.delete(userId);
    const users = this.#shards[shard];
    const before = users?.size ?? 0;
    if (holding.isNothing) users?.delete(userId);
    else this.#tableOf(shard).set(userId, place ?? ODD);
    const more = (this.#shards[shard]?.size ?? 0) - before;
    this.#users += more;
    if (more !== 0) this.#changed?.(userId, more > 0);
    return holding;
  }

  #tableOf(shard: number): UserTable {
    const known = this.#shards[shard];
    if (known !== undefined) return known;
    const table = new UserTable();
    this.#shards[shard] = table;
    return table;
  }
}
