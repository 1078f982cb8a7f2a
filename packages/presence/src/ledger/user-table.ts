const LEAST_PLACES = 8;
const MOST_FULL = 5 / 8;
const LEAST_FULL = 1 / 8;

/**
 * A number per user (both uint32) in one array outside of V8's heap: 13 to 26 bytes per user. (The
 * garbage collector moves young objects: Maps that grow by a million users stopped the event loop.)
 */
export class UserTable {
  /** User id, number, user id, number, ...; the number 0 is a free place. */
  #places = new Uint32Array(2 * LEAST_PLACES);
  #mask = LEAST_PLACES - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The user's number, or 0. */
  get(userId: number): number {
    return this.#places[this.#find(userId) + 1] ?? 0;
  }

  /** Sets the user's number, above 0. */
  set(userId: number, number: number): void {
    const at = this.#find(userId);
    const isNew = this.#places[at + 1] === 0;
    this.#places[at] = userId;
    this.#places[at + 1] = number;
    if (!isNew) return;
    this.#size++;
    if (this.#size > (this.#mask + 1) * MOST_FULL) this.#resize((this.#mask + 1) * 2);
  }

  delete(userId: number): void {
    const at = this.#find(userId);
    if (this.#places[at + 1] === 0) return;
    this.#size--;
    this.#close(at);
    const places = this.#mask + 1;
    if (places > LEAST_PLACES && this.#size < places * LEAST_FULL) this.#resize(places / 2);
  }

  /** Calls `show` for each user, in no order. `show` must not change the table. */
  forEach(show: (userId: number, number: number) => void): void {
    const places = this.#places;
    for (let at = 0; at < places.length; at += 2) {
      const number = places[at + 1] ?? 0;
      if (number !== 0) show(places[at] ?? 0, number);
    }
  }

  /** The index of the user, or the one to insert the user at. */
  #find(userId: number): number {
    const places = this.#places;
    let place = hashOf(userId) & this.#mask;
    while (places[2 * place + 1] !== 0 && places[2 * place] !== userId) {
      place = (place + 1) & this.#mask;
    }
    return 2 * place;
  }

  /** Frees a place and moves up the entries that it had displaced. */
  #close(at: number): void {
    const places = this.#places;
    const mask = this.#mask;
    let free = at / 2;
    let place = free;
    for (;;) {
      place = (place + 1) & mask;
      if (places[2 * place + 1] === 0) break;
      const own = hashOf(places[2 * place] ?? 0) & mask;
      // In cyclic order, the free place lies between the user's own place and this one.
      if (((place - own) & mask) < ((place - free) & mask)) continue;
      places.copyWithin(2 * free, 2 * place, 2 * place + 2);
      free = place;
    }
    places[2 * free + 1] = 0;
  }

  #resize(places: number): void {
    const old = this.#places;
    this.#places = new Uint32Array(2 * places);
    this.#mask = places - 1;
    this.#size = 0;
    for (let at = 0; at < old.length; at += 2) {
      const number = old[at + 1] ?? 0;
      if (number !== 0) this.set(old[at] ?? 0, number);
    }
  }
}

/** Mixes all bits of an id: ids allocated in steps must not collide in a few places. */
function hashOf(userId: number): number {
  let hash = Math.imul(userId ^ (userId >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}
