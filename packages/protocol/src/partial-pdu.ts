/** Bytes of the field a PDU begins with: its own length. */
export const LENGTH_FIELD_BYTES = 4;

/** A PDU that claims no more than this gets its room at once. */
const TRUSTED_BYTES = 4096;

/**
 * Collects the one PDU that straddles chunks. The buffer grows geometrically with the bytes
 * received: a header that claims 16 MiB and is followed by silence costs no more than
 * TRUSTED_BYTES, and chunks of one byte still cost amortised O(1) per byte.
 */
export class PartialPdu {
  #bytes: Buffer = Buffer.alloc(0);
  #filled = 0;

  /** Number of bytes collected. */
  get filled(): number {
    return this.#filled;
  }

  /** The bytes collected, without a copy. */
  get gathered(): Buffer {
    return this.#bytes.subarray(0, this.#filled);
  }

  /** The PDU's length by its header; undefined before its first 4 bytes have arrived. */
  get claimedLength(): number | undefined {
    return this.#filled < LENGTH_FIELD_BYTES ? undefined : this.#bytes.readUInt32BE(0);
  }

  /**
   * Reads bytes from `chunk` at `offset` until `target` bytes are collected or the chunk is
   * used up.
   * @returns the number of bytes read.
   */
  fill(chunk: Buffer, offset: number, target: number): number {
    const taken = Math.min(target - this.#filled, chunk.length - offset);
    this.#reserve(this.#filled + taken, target);
    chunk.copy(this.#bytes, this.#filled, offset, offset + taken);
    this.#filled += taken;
    return taken;
  }

  /** Returns the collected bytes and starts again. The caller owns the bytes from here on. */
  take(): Buffer {
    const pdu = this.gathered;
    this.#bytes = Buffer.alloc(0);
    this.#filled = 0;
    return pdu;
  }

  #reserve(needed: number, target: number): void {
    if (needed <= this.#bytes.length) return;
    const grown = Math.max(needed, 2 * this.#bytes.length, Math.min(target, TRUSTED_BYTES));
    const bytes = Buffer.allocUnsafeSlow(Math.min(grown, target));
    this.#bytes.copy(bytes, 0, 0, this.#filled);
    this.#bytes = bytes;
  }
}
