import { UserTable } from './user-table.ts';

/** A number for each of many users, kept for one to two times `keepMs`. Two generations, so that nothing is scanned. */
export class RecentUsers {
  readonly #keepMs: number;
  readonly #most: number;
  readonly #now: () => number;
  #recent = new UserTable();
  #older = new UserTable();
  #turnAtMs = 0;

  /** At most 2 * `most` users are kept: those that were set last. `now` is monotonic, in ms. */
  constructor({ keepMs, most, now }: { keepMs: number; most?: number; now: () => number }) {
    this.#keepMs = keepMs;
    this.#most = most ?? Number.POSITIVE_INFINITY;
    this.#now = now;
  }

  /** The user's number; 0 where there is none. */
  get(userId: number): number {
    return this.#recent.get(userId) || this.#older.get(userId);
  }

  /** Gives the user a number, above 0. */
  set(userId: number, number: number): void {
    this.#turn();
    this.#recent.set(userId, number);
  }

  delete(userId: number): void {
    if (this.#recent.size > 0) this.#recent.delete(userId);
    if (this.#older.size > 0) this.#older.delete(userId);
  }

  /** Shows each user and the number, in no order. Must not be changed meanwhile. */
  forEach(show: (userId: number, number: number) => void): void {
    this.#turn();
    this.#recent.forEach(show);
    this.#older.forEach((userId, number) => {
      if (this.#recent.get(userId) === 0) show(userId, number);
    });
  }

  #turn(): void {
    const now = this.#now();
    const isOver = now >= this.#turnAtMs + this.#keepMs;
    if (now < this.#turnAtMs && this.#recent.size < this.#most) return;
    this.#older = isOver ? new UserTable() : this.#recent;
    this.#recent = new UserTable();
    this.#turnAtMs = now + this.#keepMs;
  }
}
