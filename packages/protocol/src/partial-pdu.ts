/** Bytes of the field a PDU begins with: its own length. */
export const LENGTH_FIELD_BYTES = 4;

/** A PDU that claims no more than this gets its room at once. */
const TRUSTED_BYTES = 4096;

/**
 * Gathers the one PDU that straddles chunks. Room grows geometrically with the bytes that have really
 * come: a header that claims 16 MiB and is followed by silence costs no more than TRUSTED_BYTES, and
 * chunks of one byte still cost amortised O(1) a byte.
 */
export class PartialPdu {
  #bytes: Buffer = Buffer.alloc(0);
  #filled = 0;

  /** Bytes gathered so far. */
  get filled(): number {
    return this.#filled;
  }

  /** What has been gathered so far, not copied. */
  get gathered(): Buffer {
    return this.#bytes.subarray(0, this.#filled);
  }

  /** The PDU's length by its own account; undefined before its first 4 bytes have come. */
  get claimedLength(): number | undefined {
    return this.#filled < LENGTH_FIELD_BYTES ? undefined : this.#bytes.readUInt32BE(0);
  }

  /**
   * Takes bytes from `chunk`, beginning at `offset`, until `target` bytes are gathered or the chunk is
   * used up.
   * @returns how many it took.
   */
  fill(chunk: Buffer, offset: number, target: number): number {
    const taken = Math.min(target - this.#filled, chunk.length - offset);
    this.#reserve(this.#filled + taken, target);
    chunk.copy(this.#bytes, this.#filled, offset, offset + taken);
    this.#filled += taken;
    return taken;
  }

  /** Gives away what was gathered and starts anew. The bytes are the caller's alone from here on. */
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
