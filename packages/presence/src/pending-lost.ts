import { UserTable } from './user-table.ts';

/** For how much longer than the grace a user is remembered: announcing them is paced. */
const REMEMBER_MS = 60_000;

const TICK_MS = 100;

/**
 * Users of one shard who were lost with links of this node and are to be announced offline when their grace is over:
 * Redis may lose the note. Two generations, so that users who came back, which is not told here, are forgotten.
 */
export class PendingLost {
  readonly #turnEveryMs: number;
  readonly #now: () => number;
  /** Users, and when to announce them, in ticks. */
  #recent = new UserTable();
  #older = new UserTable();
  #turnAtMs = 0;

  constructor(graceMs: number, now: () => number) {
    this.#turnEveryMs = graceMs + REMEMBER_MS;
    this.#now = now;
  }

  /** Users are lost, and to be announced after `graceMs`. */
  add(users: readonly number[], graceMs: number): void {
    this.#turn();
    const due = Math.ceil((this.#now() + graceMs) / TICK_MS) + 1;
    for (const userId of users) this.#recent.set(userId, due);
  }

  /** A user was announced. */
  delete(userId: number): void {
    if (this.#recent.size > 0) this.#recent.delete(userId);
    if (this.#older.size > 0) this.#older.delete(userId);
  }

  /** The users who are still to be announced, by after how many ms, at least 1. */
  pending(): ReadonlyMap<number, readonly number[]> {
    this.#turn();
    const byDue = new Map<number, number[]>();
    const show = (userId: number, due: number): void => {
      const leftMs = Math.max(1, Math.round(due * TICK_MS - this.#now()));
      const users = byDue.get(leftMs);
      if (users === undefined) byDue.set(leftMs, [userId]);
      else users.push(userId);
    };
    this.#recent.forEach(show);
    this.#older.forEach((userId, due) => {
      if (this.#recent.get(userId) === 0) show(userId, due);
    });
    return byDue;
  }

  #turn(): void {
    const now = this.#now();
    if (now < this.#turnAtMs) return;
    this.#older = now < this.#turnAtMs + this.#turnEveryMs ? this.#recent : new UserTable();
    this.#recent = new UserTable();
    this.#turnAtMs = now + this.#turnEveryMs;
  }
}
