const MIB = 2 ** 20;

/** Maximum bytes on their way in. It bounds the backlog, so that it drains soon. */
const DELIVERED_BYTES = 1024 * MIB;
const LEAST_BYTES = 16 * MIB;
const MOST_BYTES = 128 * MIB;

/** A sender that may have to wait for the window. */
export interface Waiter {
  goOn(): void;
}

/**
 * Bounds the bytes that senders have in flight. At full speed the systems' buffers alone take
 * megabytes per link; with many links it would take minutes until all PDUs have arrived.
 */
export class FloodWindow {
  readonly #copies: number;
  readonly #pduBytes: number;
  readonly #windowBytes: number;
  readonly #receivedPduBytes: number;
  #sentPdus = 0;
  #receivedBytes = 0;
  #waiting: Waiter[] = [];

  /** Number of links that receive each PDU. */
  constructor(options: {
    copies: number;
    pduBytes: number;
    receivedPduBytes: number;
    mostBytes?: number;
  }) {
    this.#copies = Math.max(1, options.copies);
    this.#pduBytes = options.pduBytes;
    const shareBytes = DELIVERED_BYTES / this.#copies;
    this.#windowBytes = Math.max(
      LEAST_BYTES,
      Math.min(options.mostBytes ?? MOST_BYTES, shareBytes),
    );
    this.#receivedPduBytes = options.receivedPduBytes;
  }

  get #isOpen(): boolean {
    const arrived = this.#receivedBytes / this.#receivedPduBytes / this.#copies;
    return (this.#sentPdus - arrived) * this.#pduBytes < this.#windowBytes;
  }

  /** Whether a sender may send `count` more PDUs; if not, it is called back when it may. */
  take(pdus: number, waiter: Waiter): boolean {
    if (!this.#isOpen) {
      this.#waiting.push(waiter);
      return false;
    }
    this.#sentPdus += pdus;
    return true;
  }

  /** Records bytes received on any link. */
  received(bytes: number): void {
    this.#receivedBytes += bytes;
    if (this.#waiting.length === 0 || !this.#isOpen) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.goOn();
  }

  reset(): void {
    this.#sentPdus = 0;
    this.#receivedBytes = 0;
  }
}
