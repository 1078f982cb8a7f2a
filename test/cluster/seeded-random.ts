import { randomInt } from 'node:crypto';

/** Random numbers that can be had again: the seed is printed, and ROUTE_TEST_SEED sets it. */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  constructor(seed = Number(process.env['ROUTE_TEST_SEED'] ?? randomInt(2 ** 31))) {
    this.seed = seed;
    this.#state = seed;
    console.info(`ROUTE_TEST_SEED=${seed}`);
  }

  /** From 0 up to but not including 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const one = list[Math.floor(this.next() * list.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  }
}
