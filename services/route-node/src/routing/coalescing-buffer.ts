/** Enough for a few hundred notices; the ticks of a quiet node share one. */
const CHUNK_BYTES = 16 * 1024;

/**
 * Gathers small things that go out together as one slice. A slice is never written to again, and the next
 * ones follow it in the same memory: nothing is allocated a thing, and next to nothing a slice.
 */
export class CoalescingBuffer<Thing> {
  readonly #write: (bytes: Buffer, start: number, thing: Thing) => number;
  readonly #mostBytes: number;
  readonly #full: (slice: Buffer) => void;
  #chunk = Buffer.alloc(0);
  #from = 0;
  #to = 0;

  /** `write` takes up no more than so many bytes a thing; what fills a chunk is handed out at once. */
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
    // To hand out may add more.
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

  /** Hands out what has gathered, if anything has. */
  flush(): void {
    if (this.#from === this.#to) return;
    const slice = this.#chunk.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#full(slice);
  }
}
