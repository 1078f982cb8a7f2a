/** Room for a few hundred notifications; many ticks of a quiet node share one chunk. */
const CHUNK_BYTES = 16 * 1024;

/**
 * Joins small items into one slice. A slice is never rewritten, and later slices follow it in the
 * same memory, so that an item allocates nothing and a slice next to nothing.
 */
export class CoalescingBuffer<Thing> {
  readonly #write: (bytes: Buffer, start: number, thing: Thing) => number;
  readonly #mostBytes: number;
  readonly #full: (slice: Buffer) => void;
  #chunk = Buffer.alloc(0);
  #from = 0;
  #to = 0;

  /** `write` encodes an item in at most `mostBytes`. A full chunk is handed out at once. */
  constructor(
    write: (bytes: Buffer, start: number, thing: Thing) => number,
    mostBytes: number,
    full: (slice: Buffer) => void,
  ) {
    this.#write = write;
    this.#mostBytes = mostBytes;
    this.#full = full;
  }

  append(thing: Thing): void {
    // A flush may append more.
    while (this.#to + this.#mostBytes > this.#chunk.length) {
      if (this.#from < this.#to) {
        this.flush();
        continue;
      }
      this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      this.#from = 0;
      this.#to = 0;
    }
    this.#to = this.#write(this.#chunk, this.#to, thing);
  }

  /** Hands out what is buffered, if anything. */
  flush(): void {
    if (this.#from === this.#to) return;
    const slice = this.#chunk.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#full(slice);
  }
}
