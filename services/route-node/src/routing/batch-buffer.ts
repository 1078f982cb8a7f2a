/** Longest batch, that of a bus frame. A single longer PDU still goes alone. */
const RUN_BYTES = 32 * 1024;
/** Neighbouring PDUs of at least this length cost less as a slice than as a copy. */
const SLICED_BYTES = 4096;
/**
 * A slice pins the memory that it is part of. It must be at least this part of it, so that the
 * memory of queued batches is bounded.
 */
const SLICED_PART = 1 / 4;

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Joins PDUs that came in different batches and take the same route, into few long batches.
 * Neighbours stay together. Short pieces are copied one after the other into memory that is never
 * rewritten, because a slice for each would cost more than the copy. The caller must not change the
 * bytes afterwards.
 */
export class BatchBuffer {
  readonly #chunkBytes: number;
  readonly #full: (run: Buffer) => void;
  /** Neighbouring PDUs that may still grow. */
  #bytes = NOTHING;
  #start = 0;
  #end = 0;
  /** Copies of earlier PDUs: the part of the chunk from #from to #to. */
  #chunk = NOTHING;
  #from = 0;
  #to = 0;

  /** `chunkBytes`: size of the chunks that copies go into. */
  constructor(chunkBytes: number, full: (run: Buffer) => void) {
    this.#chunkBytes = chunkBytes;
    this.#full = full;
  }

  /** Appends whole PDUs: the bytes from `start` to `end`. */
  append(bytes: Buffer, start: number, end: number): void {
    if (start === this.#end && bytes === this.#bytes && end - this.#start <= RUN_BYTES) {
      this.#end = end;
      return;
    }
    while (this.#start < this.#end) this.#settle();
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Hands out what is buffered, if anything. */
  flush(): void {
    while (this.#start < this.#end) this.#settle();
    this.#bytes = NOTHING;
    this.#handOutCopies();
  }

  /**
   * Slices or copies the neighbouring PDUs. They are removed first, because `full` may append more.
   */
  #settle(): void {
    const bytes = this.#bytes;
    const start = this.#start;
    const end = this.#end;
    this.#start = 0;
    this.#end = 0;
    if (this.#isForSlice(bytes, end - start)) {
      this.#handOutCopies();
      this.#full(bytes.subarray(start, end));
    } else {
      this.#copy(bytes, start, end);
    }
  }

  #isForSlice({ buffer }: Buffer, length: number): boolean {
    if (length > this.#chunkBytes) return true;
    if (length < SLICED_BYTES) return false;
    return length >= buffer.byteLength * SLICED_PART;
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    while (this.#to + length > this.#chunk.length) {
      if (this.#from < this.#to) {
        this.#handOutCopies();
        continue;
      }
      this.#chunk = Buffer.allocUnsafeSlow(this.#chunkBytes);
      this.#from = 0;
      this.#to = 0;
    }
    bytes.copy(this.#chunk, this.#to, start, end);
    this.#to += length;
  }

  #handOutCopies(): void {
    if (this.#from === this.#to) return;
    const run = this.#chunk.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#full(run);
  }
}
