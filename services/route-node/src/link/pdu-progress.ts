/** The PDU that a link is in the middle of. */
export interface IncompletePdu {
  /** Distinguishes it from the link's earlier ones. */
  readonly number: number;
  /** Bytes that have arrived; 0 between two PDUs. */
  readonly bytes: number;
}

/**
 * Detects a PDU that does not become whole. It must arrive with a minimum rate and may be behind it
 * by a time, which it has when it begins: so a slow link has the time that it needs, and a link
 * that stops inside a PDU has no more than that time, whatever arrived before.
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

  /** Leaves out time in which the node did not read. */
  excuse(ms: number): void {
    this.#dueMs += ms;
  }

  /** Whether a PDU is more than `behindMs` behind. To be called regularly. */
  isLate(nowMs: number, { number, bytes }: IncompletePdu, behindMs: number): boolean {
    if (bytes === 0) return false;
    const latestMs = nowMs + behindMs;
    if (number !== this.#number) this.#dueMs = latestMs;
    else {
      const gainedMs = (bytes - this.#bytes) / this.#bytesPerMs;
      this.#dueMs = Math.min(this.#dueMs + gainedMs, latestMs);
    }
    this.#number = number;
    this.#bytes = bytes;
    return nowMs >= this.#dueMs;
  }
}
