import { ByAddress } from '../process/by-address.ts';
import type { Refusal } from './refusals.ts';

export interface HandshakeLimits {
  readonly maxHandshakes: number;
  readonly maxHandshakesPerAddress: number;
  /** A handshake that has lasted this long gives way to a new one. */
  readonly slowMs: number;
}

/**
 * Connections that are not links yet, by address, and the choice of which to close when there are
 * too many. Silent connections of one address take no places from other addresses, and from their
 * own address for at most `slowMs`.
 */
export class Handshakes<Connection> {
  readonly #limits: HandshakeLimits;
  readonly #evict: (connection: Connection, reason: Refusal) => void;
  readonly #places = new ByAddress<Connection>();
  readonly #sinceMs = new Map<Connection, number>();

  constructor(limits: HandshakeLimits, evict: (connection: Connection, reason: Refusal) => void) {
    this.#limits = limits;
    this.#evict = evict;
  }

  get size(): number {
    return this.#places.size;
  }

  all(): Iterable<Connection> {
    return this.#places.all();
  }

  /** Acquires a place, perhaps that of another connection; or returns why there is none. */
  enter(connection: Connection, address: string): Refusal | undefined {
    const ofAddress = this.#places.of(address);
    const { maxHandshakes, maxHandshakesPerAddress } = this.#limits;
    if (ofAddress.size >= maxHandshakesPerAddress) {
      const reason = 'too-many-handshakes-of-address';
      if (!this.#makeRoom(ofAddress, false, reason)) return reason;
    } else if (this.#places.size >= maxHandshakes) {
      const largest = this.#places.largest();
      const isUnfair = largest.size > ofAddress.size + 1;
      if (!this.#makeRoom(largest, isUnfair, 'too-many-handshakes')) return 'too-many-handshakes';
    }
    this.#places.add(connection, address);
    this.#sinceMs.set(connection, performance.now());
    return undefined;
  }

  /** Releases the place; ignored without one. */
  leave(connection: Connection): void {
    this.#places.delete(connection);
    this.#sinceMs.delete(connection);
  }

  /** Ends the oldest of these if it may be ended. */
  #makeRoom(among: ReadonlySet<Connection>, atAnyAge: boolean, reason: Refusal): boolean {
    const [oldest] = among;
    if (oldest === undefined) return false;
    const sinceMs = this.#sinceMs.get(oldest) ?? 0;
    if (!atAnyAge && performance.now() - sinceMs < this.#limits.slowMs) return false;
    this.leave(oldest);
    this.#evict(oldest, reason);
    return true;
  }
}
