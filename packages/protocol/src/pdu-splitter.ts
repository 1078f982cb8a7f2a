import { type FramingError, framingError, lengthErrorCode } from './framing-error.ts';
import { HEADER_BYTES } from './header.ts';
import { LENGTH_FIELD_BYTES, PartialPdu } from './partial-pdu.ts';

/** Options of a PduSplitter. */
export interface PduSplitterOptions {
  /** The largest length accepted, header included. */
  readonly maxPduBytes: number;
  /** Receives one whole PDU, header included, in stream order. Called from within push(). */
  readonly onPdu: (pdu: Buffer) => void;
}

/**
 * Cuts a TCP stream, in any segments, into single PDUs: for the msg_server's end of a link, which
 * reads every PDU. (A node's end, which relays most of them unread, has its Framer.)
 *
 * A PDU is a slice of the pushed chunk, and may be kept; only one that straddles chunks is copied.
 */
export class PduSplitter {
  readonly #maxPduBytes: number;
  readonly #onPdu: (pdu: Buffer) => void;
  readonly #partial = new PartialPdu();
  #error: FramingError | undefined;

  constructor({ maxPduBytes, onPdu }: PduSplitterOptions) {
    this.#maxPduBytes = maxPduBytes;
    this.#onPdu = onPdu;
  }

  /**
   * Reads the stream's next bytes and delivers every PDU they complete.
   * @returns an error once a header has an impossible length. All PDUs before it have been
   * delivered,
   * none after it will be, and every later call returns the same error.
   */
  push(chunk: Buffer): FramingError | undefined {
    let position = 0;
    while (this.#error === undefined && position < chunk.length) {
      position =
        this.#partial.filled > 0 || chunk.length - position < LENGTH_FIELD_BYTES
          ? this.#gather(chunk, position)
          : this.#cut(chunk, position);
    }
    return this.#error;
  }

  /** Delivers the PDU at `start`, or starts to collect it. Returns the start of the next one. */
  #cut(chunk: Buffer, start: number): number {
    const length = chunk.readUInt32BE(start);
    if (this.#isImpossible(length, chunk.subarray(start))) return chunk.length;
    const end = start + length;
    if (end > chunk.length) return start + this.#partial.fill(chunk, start, length);
    this.#onPdu(chunk.subarray(start, end));
    return end;
  }

  /** Continues the PDU that an earlier chunk ended in. Returns the offset after it. */
  #gather(chunk: Buffer, start: number): number {
    const partial = this.#partial;
    let position = start;
    if (partial.filled < LENGTH_FIELD_BYTES) {
      position += partial.fill(chunk, position, LENGTH_FIELD_BYTES);
    }
    const length = partial.claimedLength;
    if (length === undefined || this.#isImpossible(length, partial.gathered)) return chunk.length;
    position += partial.fill(chunk, position, length);
    if (partial.filled === length) this.#onPdu(partial.take());
    return position;
  }

  #isImpossible(length: number, header: Buffer): boolean {
    const code = lengthErrorCode(length, this.#maxPduBytes);
    if (code === undefined) return false;
    this.#error = framingError(code, header.subarray(0, HEADER_BYTES), this.#maxPduBytes);
    return true;
  }
}
