const MIB = 2 ** 20;

/** How many bytes may be on their way in: what comes of them is bounded, and soon drained. */
const DELIVERED_BYTES = 1024 * MIB;
const LEAST_BYTES = 16 * MIB;
const MOST_BYTES = 128 * MIB;

/** A sender that may have to wait for the window. */
export interface Waiter {
  goOn(): void;
}

/**
 * Bounds what senders have under way. Flat out, the systems' buffers alone take megabytes a link; with
 * many links it would take minutes to see whether all that has come.
 */
export class FloodWindow {
  readonly #copies: number;
  readonly #pduBytes: number;
  readonly #windowBytes: number;
  readonly #receivedPduBytes: number;
  #sentPdus = 0;
  #receivedBytes = 0;
  #waiting: Waiter[] = [];

  /** Each PDU is received so many times. */
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

  /** Whether a sender may send so many more PDUs; if not, it is told when it may go on. */
  take(pdus: number, waiter: Waiter): boolean {
    if (!this.#isOpen) {
      this.#waiting.push(waiter);
      return false;
    }
    this.#sentPdus += pdus;
    return true;
  }

  /** So many bytes have come, on any link. */
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
