/** As large as a frame may be: a larger run would be cut again. */
const CHUNK_BYTES = 32 * 1024;
/** A PDU of this size and more is not copied. */
const OWN_SLICE_BYTES = 4096;

/**
 * Gathers PDUs that came in different runs and go the same way, as one run: copied one after the other into
 * memory that is never written to again. (A slice each would cost more than the copy.)
 */
export class GatheredRun {
  readonly #full: (run: Buffer) => void;
  #chunk = Buffer.alloc(0);
  #from = 0;
  #to = 0;

  constructor(full: (run: Buffer) => void) {
    this.#full = full;
  }

  get isEmpty(): boolean {
    return this.#from === this.#to;
  }

  /** Adds a PDU that stands between other bytes. */
  add(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length >= OWN_SLICE_BYTES) {
      this.handOut();
      this.#full(bytes.subarray(start, end));
      return;
    }
    if (this.#to + length > this.#chunk.length) {
      this.handOut();
      this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      this.#from = 0;
      this.#to = 0;
    }
    bytes.copy(this.#chunk, this.#to, start, end);
    this.#to += length;
  }

  /** Hands out what has gathered, if anything has. */
  handOut(): void {
    if (this.#from === this.#to) return;
    const run = this.#chunk.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#full(run);
  }
}
