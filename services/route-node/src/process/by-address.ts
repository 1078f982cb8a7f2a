/** Things, such as connections, by the address that they are from; each list oldest first. */
export class ByAddress<T> {
  readonly #addresses = new Map<T, string>();
  readonly #items = new Map<string, Set<T>>();

  get size(): number {
    return this.#addresses.size;
  }

  all(): Iterable<T> {
    return this.#addresses.keys();
  }

  of(address: string): ReadonlySet<T> {
    return this.#items.get(address) ?? new Set();
  }

  /** The things of the address that has the most. */
  largest(): ReadonlySet<T> {
    let largest: ReadonlySet<T> = new Set();
    for (const items of this.#items.values()) if (items.size > largest.size) largest = items;
    return largest;
  }

  add(item: T, address: string): void {
    const items = this.#items.get(address) ?? new Set();
    this.#items.set(address, items.add(item));
    this.#addresses.set(item, address);
  }

  /** Removes a thing; ignored where it is not there. */
  delete(item: T): void {
    const address = this.#addresses.get(item);
    if (address === undefined) return;
    this.#addresses.delete(item);
    const items = this.#items.get(address);
    items?.delete(item);
    if (items?.size === 0) this.#items.delete(address);
  }
}
