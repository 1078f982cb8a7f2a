import { RecentUsers } from '../ledger/recent-users.ts';

/** For how much longer than the grace a user is remembered: announcing them is paced. */
const REMEMBER_MS = 60_000;

const TICK_MS = 100;

/**
 * Users of one shard who were lost with links of this node and are to be announced offline when their grace is over:
 * Redis may lose the note. Users who came back, which is not told here, are forgotten in time.
 */
export class PendingOffline {
  readonly #now: () => number;
  /** When to announce each, in ticks. */
  readonly #dues: RecentUsers;

  constructor(graceMs: number, now: () => number) {
    this.#now = now;
    this.#dues = new RecentUsers({ keepMs: graceMs + REMEMBER_MS, now });
  }

  /** Users are lost, and to be announced after `graceMs`. */
  add(users: readonly number[], graceMs: number): void {
    const due = Math.ceil((this.#now() + graceMs) / TICK_MS) + 1;
    for (const userId of users) this.#dues.set(userId, due);
  }

  /** A user was announced. */
  delete(userId: number): void {
    this.#dues.delete(userId);
  }

  /** The users who are still to be announced, by after how many ms, at least 1. */
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
