import type { Refusal } from './refusals.ts';

export interface HandshakeLimits {
  readonly maxHandshakes: number;
  readonly maxHandshakesPerAddress: number;
  /** A handshake that has lasted this long gives way to a new one. */
  readonly slowMs: number;
}

interface Place {
  readonly address: string;
  readonly sinceMs: number;
}

/**
 * Connections that are not links yet, by address, and the choice of which to close when there are
 * too many. Silent connections of one address take no places from other addresses, and from their
 * own address for at most `slowMs`.
 */
export class Handshakes<Connection> {
  readonly #limits: HandshakeLimits;
  readonly #evict: (connection: Connection, reason: Refusal) => void;
  readonly #places = new Map<Connection, Place>();
  /** In the order of arrival. */
  readonly #byAddress = new Map<string, Set<Connection>>();

  constructor(limits: HandshakeLimits, evict: (connection: Connection, reason: Refusal) => void) {
    this.#limits = limits;
    this.#evict = evict;
  }

  get size(): number {
    return this.#places.size;
  }

  all(): Iterable<Connection> {
    return this.#places.keys();
  }

  /** Acquires a place, perhaps that of another connection; or returns why there is none. */
  enter(connection: Connection, address: string): Refusal | undefined {
    const ofAddress = this.#byAddress.get(address) ?? new Set();
    const { maxHandshakes, maxHandshakesPerAddress } = this.#limits;
    if (ofAddress.size >= maxHandshakesPerAddress) {
      const reason = 'too-many-handshakes-of-address';
      if (!this.#makeRoom(ofAddress, false, reason)) return reason;
    } else if (this.#places.size >= maxHandshakes) {
      const largest = this.#largest();
      const isUnfair = largest.size > ofAddress.size + 1;
      if (!this.#makeRoom(largest, isUnfair, 'too-many-handshakes')) return 'too-many-handshakes';
    }
    this.#places.set(connection, { address, sinceMs: performance.now() });
    this.#byAddress.set(address, ofAddress.add(connection));
    return undefined;
  }

  /** Releases the place; ignored without one. */
  leave(connection: Connection): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    this.#places.delete(connection);
    const ofAddress = this.#byAddress.get(place.address);
    ofAddress?.delete(connection);
    if (ofAddress?.size === 0) this.#byAddress.delete(place.address);
  }

  /** Ends the oldest of these if it may be ended. */
  #makeRoom(among: ReadonlySet<Connection>, atAnyAge: boolean, reason: Refusal): boolean {
    const [oldest] = among;
    if (oldest === undefined) return false;
    const sinceMs = this.#places.get(oldest)?.sinceMs ?? 0;
    if (!atAnyAge && performance.now() - sinceMs < this.#limits.slowMs) return false;
    this.leave(oldest);
    this.#evict(oldest, reason);
    return true;
  }

  #largest(): ReadonlySet<Connection> {
    let largest: ReadonlySet<Connection> = new Set();
    for (const ofAddress of this.#byAddress.values()) {
      if (ofAddress.size > largest.size) largest = ofAddress;
    }
    return largest;
  }
}
