const LEAST_ROOM = 64;

/**
 * User ids (uint32) in one array outside of V8's heap. With a million users, the garbage collector
 * would have to move each of them, and each of the small arrays in which a list arrives.
 */
export class UserList {
  #ids: Uint32Array;
  #length: number;

  constructor(ids: Uint32Array = new Uint32Array(0)) {
    this.#ids = ids;
    this.#length = ids.length;
  }

  get length(): number {
    return this.#length;
  }

  /** The i-th id, or 0. */
  at(i: number): number {
    return i < this.#length ? (this.#ids[i] ?? 0) : 0;
  }

  /** Appends ids. */
  push(ids: Uint32Array): void {
    const length = this.#length + ids.length;
    if (length > this.#ids.length) {
      const grown = new Uint32Array(Math.max(LEAST_ROOM, length, 2 * this.#ids.length));
      grown.set(this.#ids.subarray(0, this.#length));
      this.#ids = grown;
    }
    this.#ids.set(ids, this.#length);
    this.#length = length;
  }
}
