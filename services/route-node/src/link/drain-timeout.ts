/**
 * Part of the high-water mark by which a backlog must shrink to count as draining. It exceeds what
 * the buffers of the msg_server's side of the connection take at once.
 */
const PROGRESS_PART = 1 / 8;

/**
 * Detects a stuck link: its backlog has been over the mark for `drainTimeoutMs` without shrinking.
 * A link with a shrinking backlog only needs time, and reading is paused for it ({@link
 * SlowConsumers}). PDUs of other links that were under way anyway may still exceed what it can take
 * in that time.
 */
export class DrainTimeout {
  readonly #progressBytes: number;
  readonly #drainTimeoutMs: number;
  /**
   * Largest backlog since it last shrank, and since when; undefined while the link is below the
   * mark.
   */
  #peak: { bytes: number; sinceMs: number } | undefined;

  constructor({
    markBytes,
    drainTimeoutMs,
  }: { readonly markBytes: number; readonly drainTimeoutMs: number }) {
    this.#progressBytes = markBytes * PROGRESS_PART;
    this.#drainTimeoutMs = drainTimeoutMs;
  }

  /** Whether the link is over the mark. */
  get isOver(): boolean {
    return this.#peak !== undefined;
  }

  /** Records the backlog of a link that is over the mark. */
  over(unsentBytes: number, nowMs: number): void {
    const peak = this.#peak;
    if (peak === undefined || unsentBytes <= peak.bytes - this.#progressBytes) {
      this.#peak = { bytes: unsentBytes, sinceMs: nowMs };
    } else {
      peak.bytes = Math.max(peak.bytes, unsentBytes);
    }
  }

  /** Records that the link is back under the mark. */
  back(): void {
    this.#peak = undefined;
  }

  /** Leaves out time in which the node itself sent nothing. */
  excuse(ms: number): void {
    if (this.#peak !== undefined) this.#peak.sinceMs += ms;
  }

  /** Whether the drain timeout has passed without progress. */
  isStuck(nowMs: number): boolean {
    return this.#peak !== undefined && nowMs - this.#peak.sinceMs >= this.#drainTimeoutMs;
  }
}
