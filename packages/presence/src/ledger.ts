import type { ClientStatus } from '@route/protocol';
import { SHARD_COUNT, shardOf } from '@route/redis';
import { Holding } from './holding.ts';

/**
 * What one link has reported, kept by its node for as long as the link is open: msg_servers never say
 * it twice. Spread over the same shards as Redis, so that one shard can be asserted by itself.
 */
export class Ledger {
  readonly #shards: (Map<number, Holding> | undefined)[] = new Array(SHARD_COUNT).fill(undefined);
  #users = 0;

  /** Users held. */
  get size(): number {
    return this.#users;
  }

  /** What the link holds of a user. */
  holding(userId: number): Holding {
    return this.#shards[shardOf(userId)]?.get(userId) ?? Holding.NOTHING;
  }

  /** Applies a status update; returns what the link holds of the user then. */
  update(update: ClientStatus): Holding {
    return this.#set(update.userId, this.holding(update.userId).updated(update));
  }

  /** Applies a snapshot's entry; returns what the link holds of the user then. */
  add(client: ClientStatus): Holding {
    return this.#set(client.userId, this.holding(client.userId).added(client));
  }

  /** What is held of each user of a shard. */
  holdingsIn(shard: number): Iterable<Holding> {
    return this.#shards[shard]?.values() ?? [];
  }

  /** Whether any user of a shard is held. */
  holdsIn(shard: number): boolean {
    return (this.#shards[shard]?.size ?? 0) > 0;
  }

  /** The ids of the users of a shard who have a PC client, as they are now. */
  pcUsersOf(shard: number): number[] {
    const pcUsers: number[] = [];
    this.#shards[shard]?.forEach((holding, userId) => {
      if (holding.state === 'pc') pcUsers.push(userId);
    });
    return pcUsers;
  }

  /** The ids of all users held in a shard, as they are now. */
  usersOf(shard: number): number[] {
    return [...(this.#shards[shard]?.keys() ?? [])];
  }

  #set(userId: number, holding: Holding): Holding {
    const shard = shardOf(userId);
    const users = this.#shards[shard];
    if (holding.isNothing) {
      if (users?.delete(userId)) this.#users--;
    } else if (users === undefined) {
      this.#shards[shard] = new Map([[userId, holding]]);
      this.#users++;
    } else {
      const before = users.size;
      users.set(userId, holding);
      this.#users += users.size - before;
    }
    return holding;
  }
}
