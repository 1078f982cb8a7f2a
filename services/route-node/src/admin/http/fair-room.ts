/**
 * Bounds a number of things from addresses, and shares the room between the addresses. A new thing
 * always finds room; the address with the most loses one. So one address cannot keep the others
 * out.
 */
export class FairRoom<T> {
  readonly #capacity: number;
  readonly #canGo: (item: T) => boolean;
  /** Oldest first. */
  readonly #byAddress = new Map<string, Set<T>>();
  readonly #addresses = new Map<T, string>();

  /** @param canGo whether a thing is idle: idle ones are removed before those in use. */
  constructor(capacity: number, canGo: (item: T) => boolean = () => true) {
    this.#capacity = capacity;
    this.#canGo = canGo;
  }

  get size(): number {
    return this.#addresses.size;
  }

  /** Adds a thing. @returns the one removed for it; undefined while there is room. */
  add(item: T, address: string): T | undefined {
    const evicted = this.size < this.#capacity ? undefined : this.#findVictim(address);
    if (evicted !== undefined) this.delete(evicted);
    const items = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, items.add(item));
    this.#addresses.set(item, address);
    return evicted;
  }

  delete(item: T): void {
    const address = this.#addresses.get(item);
    if (address === undefined) return;
    this.#addresses.delete(item);
    const items = this.#byAddress.get(address);
    items?.delete(item);
    if (items?.size === 0) this.#byAddress.delete(address);
  }

  #findVictim(newcomer: string): T | undefined {
    // The newcomer counts for its address, which therefore loses one first among equals.
    let most = newcomer;
    let count = (this.#byAddress.get(newcomer)?.size ?? 0) + 1;
    for (const [address, { size }] of this.#byAddress) {
      if (size > count) [most, count] = [address, size];
    }
    const candidates = [...(this.#byAddress.get(most) ?? this.#addresses.keys())];
    return candidates.find(this.#canGo) ?? candidates[0];
  }
}
