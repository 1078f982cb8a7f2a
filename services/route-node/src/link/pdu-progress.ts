/** The PDU that a link is in the middle of. */
export interface IncompletePdu {
  /** Number of the PDU on its link, to tell it from earlier ones. */
  readonly number: number;
  /** Bytes that have arrived; 0 between two PDUs. */
  readonly bytes: number;
}

/**
 * Detects a PDU that does not become whole. A PDU must arrive at a minimum rate, and may lag behind
 * it by a limited time. Bytes that arrive faster than the rate do not raise this limit: a slow link
 * gets the time that it needs, and a link that stops inside a PDU gets no more than the limit.
 */
export class PduProgress {
  readonly #bytesPerMs: number;
  #number = -1;
  #bytes = 0;
  /** When the PDU is too late, unless more of it arrives. */
  #dueMs = 0;

  constructor(minBytesPerSecond: number) {
    this.#bytesPerMs = minBytesPerSecond / 1000;
  }

  /** Leaves `ms` out of the PDU's time, because the node did not read. */
  excuse(ms: number): void {
    this.#dueMs += ms;
  }

  /** Whether a PDU lags by `maxLagMs` or more. Must be called regularly: each call measures. */
  isLate(nowMs: number, { number, bytes }: IncompletePdu, maxLagMs: number): boolean {
    if (bytes === 0) return false;
    const latestDueMs = nowMs + maxLagMs;
    if (number !== this.#number) this.#dueMs = latestDueMs;
    else {
      const gainedMs = (bytes - this.#bytes) / this.#bytesPerMs;
      this.#dueMs = Math.min(this.#dueMs + gainedMs, latestDueMs);
    }
    this.#number = number;
    this.#bytes = bytes;
    return nowMs >= this.#dueMs;
  }
}
