/**
 * Part of the mark by which a backlog has to shrink for its link to count as one that drains. What the
 * msg_server's side of the connection takes up at once does not amount to that.
 */
const PROGRESS_PART = 1 / 8;

/**
 * Tells a link that is stuck from one that is slow: its backlog has been over the mark for a given time and
 * has not become smaller. While a backlog shrinks its link needs only time, and the sources are held for its
 * sake ({@link SlowConsumers}); what others had under way all the same may be more than it can take in that time.
 */
export class DrainTimeout {
  readonly #progressBytes: number;
  readonly #drainTimeoutMs: number;
  /** The most unsent since it last shrank, and since when; undefined while the link is not over the mark. */
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

  /** The link is over the mark, with so much unsent. */
  over(unsentBytes: number, nowMs: number): void {
    const peak = this.#peak;
    if (peak === undefined || unsentBytes <= peak.bytes - this.#progressBytes) {
      this.#peak = { bytes: unsentBytes, sinceMs: nowMs };
    } else {
      peak.bytes = Math.max(peak.bytes, unsentBytes);
    }
  }

  /** The link is back under the mark. */
  back(): void {
    this.#peak = undefined;
  }

  /** Whether the link has had its time. */
  isStuck(nowMs: number): boolean {
    return this.#peak !== undefined && nowMs - this.#peak.sinceMs >= this.#drainTimeoutMs;
  }
}
