/** A run is no longer than a frame of the bus may be, unless one PDU is: it would go alone. */
const RUN_BYTES = 32 * 1024;
/** What stands together for at least so many bytes costs less as a slice than as a copy. */
const SLICED_BYTES = 4096;
/** But a slice keeps all the memory that it is part of: of that it must be this part, so that what waits is bounded. */
const SLICED_PART = 1 / 4;

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Gathers PDUs that came in different runs and go the same way, as few long runs. Neighbours stay together; what
 * is still short then is copied, one after the other, into memory that is never written to again. (A slice each
 * would cost more than the copy.) The bytes that it is given must not change any more.
 */
export class BatchBuffer {
  readonly #chunkBytes: number;
  readonly #full: (run: Buffer) => void;
  /** Neighbours that may still become more. */
  #bytes = NOTHING;
  #start = 0;
  #end = 0;
  /** What was copied before them: of the chunk, what lies between the two. */
  #chunk = NOTHING;
  #from = 0;
  #to = 0;

  /** What is copied goes into chunks of so many bytes. */
  constructor(chunkBytes: number, full: (run: Buffer) => void) {
    this.#chunkBytes = chunkBytes;
    this.#full = full;
  }

  /** Adds PDUs that stand between other bytes. */
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

  /** Hands out what has gathered, if anything has. */
  flush(): void {
    while (this.#start < this.#end) this.#settle();
    this.#bytes = NOTHING;
    this.#handOutCopies();
  }

  /** The neighbours become no more. To hand out may add more: they are taken off before. */
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
