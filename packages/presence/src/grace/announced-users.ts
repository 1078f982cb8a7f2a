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
  /** Users with another notification after that one. */
  readonly #superseded: readonly RecentUsers[];

  /** `now` is monotonic, in ms. */
  constructor(now: () => number) {
    const options = { keepMs: KEEP_MS, most: MOST, now };
    this.#shards = Array.from({ length: SHARD_COUNT }, () => new RecentUsers(options));
    this.#superseded = Array.from({ length: SHARD_COUNT }, () => new RecentUsers(options));
  }

  /** A status notification was sent to the links. */
  note(userId: number, said: Announced, version: number): void {
    const shard = shardOf(userId);
    // Rounded up, so that the stored version is not below that of the announcement.
    const second = Math.ceil(version / SECOND);
    if (said === 'grace-over') {
      this.#shards[shard]?.set(userId, second);
      return;
    }
    const superseded = this.#superseded[shard];
    if (this.has(userId) || (superseded?.get(userId) ?? 0) > 0) superseded?.set(userId, second);
    this.#shards[shard]?.delete(userId);
  }

  /**
   * Redis names an offline announcement of this version, which this node may not have received.
   * After a rollback it names one that later notifications have superseded.
   */
  noteStored(userId: number, version: number): void {
    const superseded = this.#superseded[shardOf(userId)]?.get(userId) ?? 0;
    if (version > superseded * SECOND) this.note(userId, 'grace-over', version);
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
