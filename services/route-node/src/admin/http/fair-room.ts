import { ByAddress } from '../../process/by-address.ts';

/**
 * Bounds a number of things from addresses, and shares the room between the addresses. A new thing
 * always finds room; the address with the most loses one. So one address cannot keep the others
 * out.
 */
export class FairRoom<T> {
  readonly #capacity: number;
  readonly #canGo: (item: T) => boolean;
  readonly #items = new ByAddress<T>();

  /** @param canGo whether a thing is idle: idle ones are removed before those in use. */
  constructor(capacity: number, canGo: (item: T) => boolean = () => true) {
    this.#capacity = capacity;
    this.#canGo = canGo;
  }

  get size(): number {
    return this.#items.size;
  }

  /** Adds a thing. @returns the one removed for it; undefined while there is room. */
  add(item: T, address: string): T | undefined {
    const evicted = this.size < this.#capacity ? undefined : this.#findVictim(address);
    if (evicted !== undefined) this.delete(evicted);
    this.#items.add(item, address);
    return evicted;
  }

  delete(item: T): void {
    this.#items.delete(item);
  }

  #findVictim(newcomer: string): T | undefined {
    const own = this.#items.of(newcomer);
    const largest = this.#items.largest();
    // The newcomer counts for its address, which therefore loses one first among equals.
    const most = largest.size > own.size + 1 ? largest : own;
    const candidates = [...(most.size > 0 ? most : this.#items.all())];
    return candidates.find(this.#canGo) ?? candidates[0];
  }
}
