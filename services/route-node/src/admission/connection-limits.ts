import type { Refusal } from './refusals.ts';

/** Maximum number of links of a node. */
export interface SeatLimits {
  readonly maxLinks: number;
  readonly maxLinksPerAddress: number;
}

/** Counts the connections that are links or become one, in all and by address. */
export class ConnectionLimits {
  readonly #limits: SeatLimits;
  readonly #byAddress = new Map<string, number>();
  #links = 0;

  constructor(limits: SeatLimits) {
    this.#limits = limits;
  }

  /**
   * Acquires a seat, released with {@link ConnectionLimits.leave}, or returns the exceeded limit.
   */
  take(address: string): Refusal | undefined {
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (this.#links >= this.#limits.maxLinks) return 'too-many-links';
    if (ofAddress >= this.#limits.maxLinksPerAddress) return 'too-many-links-of-address';
    this.#links++;
    this.#byAddress.set(address, ofAddress + 1);
    return undefined;
  }

  /** Gives a seat back. */
  leave(address: string): void {
    const ofAddress = this.#byAddress.get(address) ?? 0;
    this.#links--;
    if (ofAddress > 1) this.#byAddress.set(address, ofAddress - 1);
    else this.#byAddress.delete(address);
  }
}
