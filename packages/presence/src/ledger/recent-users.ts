import { UserTable } from './user-table.ts';

/** A number per user that expires after one to two times `keepMs`. Two generations avoid scans. */
export class RecentUsers {
  readonly #options: { readonly keepMs: number; readonly most?: number; now(): number };
  #recent = new UserTable();
  #older = new UserTable();
  #turnAtMs = 0;

  /** Keeps at most 2 * `most` users, those set last. `now` is monotonic, in ms. */
  constructor(options: { readonly keepMs: number; readonly most?: number; now(): number }) {
    this.#options = options;
  }

  /** The user's number, or 0. */
  get(userId: number): number {
    return this.#recent.get(userId) || this.#older.get(userId);
  }

  /** Sets the user's number, above 0. */
  set(userId: number, number: number): void {
    this.#turn();
    this.#recent.set(userId, number);
  }

  delete(userId: number): void {
    if (this.#recent.size > 0) this.#recent.delete(userId);
    if (this.#older.size > 0) this.#older.delete(userId);
  }

  /** Calls `show` for each user, in no order. `show` must not change the table. */
  forEach(show: (userId: number, number: number) => void): void {
    this.#turn();
    this.#recent.forEach(show);
    this.#older.forEach((userId, number) => {
      if (this.#recent.get(userId) === 0) show(userId, number);
    });
  }

  #turn(): void {
    const { keepMs, most = Number.POSITIVE_INFINITY } = this.#options;
    const now = this.#options.now();
    const isOver = now >= this.#turnAtMs + keepMs;
    if (now < this.#turnAtMs && this.#recent.size < most) return;
    this.#older = isOver ? new UserTable() : this.#recent;
    this.#recent = new UserTable();
    this.#turnAtMs = now + keepMs;
  }
}
