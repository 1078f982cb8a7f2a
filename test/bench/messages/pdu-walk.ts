import { HEADER_BYTES } from '@route/protocol';

/** Receives PDUs, each header included. */
export interface PduTaker {
  pdu(bytes: Buffer, start: number, end: number): void;
}

/**
 * Iterates over the PDUs of one connection in a plain loop over a shared read buffer; it copies
 * only an incomplete PDU.
 */
export class PduWalk {
  readonly #taker: PduTaker;
  #partial = Buffer.alloc(1024);
  #filled = 0;

  constructor(taker: PduTaker) {
    this.#taker = taker;
  }

  /** Reads the buffer's bytes up to `end`. */
  take(bytes: Buffer, end: number): void {
    let at = this.#filled === 0 ? 0 : this.#complete(bytes, end);
    while (end - at >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(at);
      if (length > end - at) break;
      this.#taker.pdu(bytes, at, at + length);
      at += length;
    }
    if (at < end) this.#keep(bytes, at, end);
  }

  /** Returns the number of bytes that belong to the incomplete PDU before. */
  #complete(bytes: Buffer, end: number): number {
    let at = 0;
    if (this.#filled < HEADER_BYTES) {
      at = Math.min(end, HEADER_BYTES - this.#filled);
      this.#keep(bytes, 0, at);
      if (this.#filled < HEADER_BYTES) return at;
    }
    const length = this.#partial.readUInt32BE(0);
    const upTo = Math.min(end, at + length - this.#filled);
    this.#keep(bytes, at, upTo);
    if (this.#filled === length) {
      this.#filled = 0;
      this.#taker.pdu(this.#partial, 0, length);
    }
    return upTo;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const filled = this.#filled + end - start;
    if (filled > this.#partial.length) {
      const larger = Buffer.alloc(2 * filled);
      this.#partial.copy(larger, 0, 0, this.#filled);
      this.#partial = larger;
    }
    bytes.copy(this.#partial, this.#filled, start, end);
    this.#filled = filled;
  }
}
