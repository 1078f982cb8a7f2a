import { SHARD_COUNT, shardOf } from '@route/redis';
import { RecentUsers } from '../ledger/recent-users.ts';
import type { Announced } from '../presence.ts';

/** For how long it is remembered that a user was announced, as Redis does, and how many of a shard at the least. */
const KEEP_MS = 86_400_000;
const MOST = 16_384;

/** Versions are in microseconds; kept are seconds, which take less room. */
const SECOND = 1_000_000;

/** Users whose last status notification, by any node, was that they are offline as their grace is over. */
export class AnnouncedUsers {
  readonly #shards: readonly RecentUsers[];

  /** `now` is monotonic, in ms. */
  constructor(now: () => number) {
    const options = { keepMs: KEEP_MS, most: MOST, now };
    this.#shards = Array.from({ length: SHARD_COUNT }, () => new RecentUsers(options));
  }

  /** A status notification was passed on to the links. */
  note(userId: number, said: Announced, version: number): void {
    const users = this.#shards[shardOf(userId)];
    // Rounded up: the announcement itself is no later one.
    if (said === 'grace-over') users?.set(userId, Math.ceil(version / SECOND));
    else users?.delete(userId);
  }

  /** Whether the user is one of them, since this version or later. */
  has(userId: number, since: number): boolean {
    const second = this.#shards[shardOf(userId)]?.get(userId) ?? 0;
    return second > 0 && second * SECOND >= since;
  }

  /** User, version, user, version, ... of a shard. */
  inShard(shard: number): number[] {
    const pairs: number[] = [];
    this.#shards[shard]?.forEach((userId, second) => {
      pairs.push(userId, second * SECOND);
    });
    return pairs;
  }
}
