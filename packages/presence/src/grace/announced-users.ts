import { SHARD_COUNT, shardOf } from '@route/redis';
import { RecentUsers } from '../ledger/recent-users.ts';
import type { Announced } from '../presence.ts';

/** How long an announcement is remembered, as in Redis, for this many users of a shard at least. */
const KEEP_MS = 86_400_000;
const MOST = 16_384;

/** Versions are in microseconds. Seconds are stored, which take less room. */
const SECOND = 1_000_000;

/** Users whose last status notification, by any node, was offline after the grace. */
export class AnnouncedUsers {
  readonly #shards: readonly RecentUsers[];

  /** `now` is monotonic, in ms. */
  constructor(now: () => number) {
    const options = { keepMs: KEEP_MS, most: MOST, now };
    this.#shards = Array.from({ length: SHARD_COUNT }, () => new RecentUsers(options));
  }

  /** A status notification was sent to the links. */
  note(userId: number, said: Announced, version: number): void {
    const users = this.#shards[shardOf(userId)];
    // Rounded up, so that the stored version is not below that of the announcement.
    if (said === 'grace-over') users?.set(userId, Math.ceil(version / SECOND));
    else users?.delete(userId);
  }

  /** Whether the user's last notification was offline after the grace. */
  has(userId: number): boolean {
    return (this.#shards[shardOf(userId)]?.get(userId) ?? 0) > 0;
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
