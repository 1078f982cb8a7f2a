import type { ClientStatus } from '@route/protocol';
import { SHARD_COUNT, shardOf } from '@route/redis';
import { PresenceEntry } from './presence-entry.ts';
import { UserTable } from './user-table.ts';

/** Stands in a table for a holding that is not shared. */
const ODD = 0xffff_ffff;

/**
 * What one link has reported, kept by its node for as long as the link is open: msg_servers never say
 * it twice. Spread over the same shards as Redis, so that one shard can be asserted by itself.
 */
export class Ledger {
  /** Of each shard the users, with the place of what is held of them. */
  readonly #shards: (UserTable | undefined)[] = new Array(SHARD_COUNT).fill(undefined);
  readonly #odd = new Map<number, PresenceEntry>();
  readonly #changed: ((userId: number, held: boolean) => void) | undefined;
  #users = 0;

  /** `changed` hears of users who were not held and are, or were and are not. */
  constructor(changed?: (userId: number, held: boolean) => void) {
    this.#changed = changed;
  }

  /** Users held. */
  get size(): number {
    return this.#users;
  }

  /** What the link holds of a user. */
  entry(userId: number): PresenceEntry {
    return this.#holdingAt(userId, this.#shards[shardOf(userId)]?.get(userId) ?? 0);
  }

  /** Applies a status update; returns what the link holds of the user then. */
  update(update: ClientStatus): PresenceEntry {
    return this.#set(update.userId, this.entry(update.userId).updated(update));
  }

  /** Applies a snapshot's entry; returns what the link holds of the user then. */
  add(client: ClientStatus): PresenceEntry {
    return this.#set(client.userId, this.entry(client.userId).added(client));
  }

  /** Shows what is held of each user of a shard. */
  eachEntry(shard: number, show: (holding: PresenceEntry) => void): void {
    this.#shards[shard]?.forEach((userId, place) => {
      show(this.#holdingAt(userId, place));
    });
  }

  /** Whether any user of a shard is held. */
  holdsIn(shard: number): boolean {
    return (this.#shards[shard]?.size ?? 0) > 0;
  }

  /** The ids of the users of a shard who have a PC client, as they are now. */
  pcUsersOf(shard: number): number[] {
    const pcUsers: number[] = [];
    this.#shards[shard]?.forEach((userId, place) => {
      if (this.#holdingAt(userId, place).state === 'pc') pcUsers.push(userId);
    });
    return pcUsers;
  }

  /** The ids of all users held in a shard, as they are now. */
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
