import { RecentUsers } from '../ledger/recent-users.ts';
import { UserTable } from '../ledger/user-table.ts';

/** How much longer than the grace a user is remembered, because announcements are paced. */
const REMEMBER_MS = 60_000;

const TICK_MS = 100;

/**
 * Users of one shard whose last PC client went with a link of this node, until they are announced
 * offline or expire. Redis may lose its own copy. Users who return are not removed.
 */
export class PendingOffline {
  readonly #now: () => number;
  /** The time of each announcement, in ticks. */
  readonly #dues: RecentUsers;
  /** The set of users whose grace begins when Redis is back. */
  #deferred = new UserTable();

  constructor(graceMs: number, now: () => number) {
    this.#now = now;
    this.#dues = new RecentUsers({ keepMs: graceMs + REMEMBER_MS, now });
  }

  add(users: readonly number[], graceMs: number): void {
    const due = Math.ceil((this.#now() + graceMs) / TICK_MS) + 1;
    for (const userId of users) this.#dues.set(userId, due);
  }

  /** Keeps the users of a link that ended while Redis is away, each once for all links. */
  defer(users: readonly number[]): void {
    for (const userId of users) this.#deferred.set(userId, 1);
  }

  /** Removes and returns the deferred users. */
  takeDeferred(): readonly number[] {
    const users: number[] = [];
    this.#deferred.forEach((userId) => void users.push(userId));
    this.#deferred = new UserTable();
    return users;
  }

  delete(userId: number): void {
    this.#dues.delete(userId);
    if (this.#deferred.size > 0) this.#deferred.delete(userId);
  }

  /** Returns the users still to be announced, by the ms left, at least 1. */
  pending(): ReadonlyMap<number, readonly number[]> {
    const byDue = new Map<number, number[]>();
    this.#dues.forEach((userId, due) => {
      const leftMs = Math.max(1, Math.round(due * TICK_MS - this.#now()));
      const users = byDue.get(leftMs);
      if (users === undefined) byDue.set(leftMs, [userId]);
      else users.push(userId);
    });
    return byDue;
  }
}
