const LEAST_ROOM = 64;

/**
 * Ids of users (uint32), in one array outside of V8's heap: of a million who wait the collector would have to
 * move each, and of the small arrays in which a list comes each as well.
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

  /** The i-th; 0 where there is none. */
  at(i: number): number {
    return i < this.#length ? (this.#ids[i] ?? 0) : 0;
  }

  /** Puts these behind the others. */
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
