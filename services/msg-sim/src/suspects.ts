/** Something that looks wrong: whether it does now, and whether it can be judged at all. */
export type Verdict = 'right' | 'wrong' | 'cannot-tell';

/** What came of a suspicion. */
export type Outcome = 'late' | 'wrong' | 'open';

/**
 * Things that looked wrong and may only be late. What still looks wrong after `confirmMs`, undisturbed all
 * the while, is wrong.
 */
export class Suspects<Key> {
  readonly #confirmMs: number;
  readonly #sinceMs = new Map<Key, number>();

  constructor(confirmMs: number) {
    this.#confirmMs = confirmMs;
  }

  /** Those to be looked at again. */
  get keys(): Key[] {
    return [...this.#sinceMs.keys()];
  }

  /** Takes the next look at something. */
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
