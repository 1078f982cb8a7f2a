/** Whether a value mismatches now, and whether it can be judged at all. */
export type Verdict = 'right' | 'wrong' | 'cannot-tell';

/** Result of one observation. */
export type Outcome = 'late' | 'wrong' | 'open';

/**
 * Confirms mismatches that may only be late. A mismatch that lasts `confirmMs` without a change is
 * wrong.
 */
export class Suspects<Key> {
  readonly #confirmMs: number;
  readonly #sinceMs = new Map<Key, number>();

  constructor(confirmMs: number) {
    this.#confirmMs = confirmMs;
  }

  /** The values to check again. */
  get keys(): Key[] {
    return [...this.#sinceMs.keys()];
  }

  /** Records the next observation of a value. */
  judge(key: Key, verdict: Verdict, nowMs: number): Outcome {
    const sinceMs = this.#sinceMs.get(key);
    if (verdict === 'wrong' && sinceMs === undefined) this.#sinceMs.set(key, nowMs);
    if (verdict !== 'wrong') this.#sinceMs.delete(key);
    if (sinceMs === undefined) return 'open';
    if (verdict === 'right') return 'late';
    if (verdict === 'cannot-tell' || nowMs - sinceMs < this.#confirmMs) return 'open';
    this.#sinceMs.delete(key);
    return 'wrong';
  }
}
