import type { NodeInfo } from './node-info.ts';

interface SeenLease {
  /** The end of the lease in Redis. Undefined when there is no lease. */
  end: string | undefined;
  /** Whether the node ever had a lease, or only links. */
  leased: boolean;
  /** The length of the lease that the node publishes. 0 if unknown. */
  lengthMs: number;
  /** When this node last saw a renewal, or first saw the node. */
  renewedAtMs: number;
}

/**
 * Distinguishes live nodes from dead ones by observed renewals, on this node's clock. A node is
 * dead when its lease was not renewed, or its links were found without a lease, for the length of a
 * lease since this node acquired its own.
 */
export class LeaseObserver {
  readonly #leaseMs: number;
  readonly #seen = new Map<string, SeenLease>();
  #sinceMs = 0;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** This node has acquired its lease. Each other node has the length of a lease to renew. */
  begin(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  /** Records the leases now in Redis, as the end by node. */
  observe(leases: ReadonlyMap<string, string>, nowMs: number): void {
    for (const [node, end] of leases) {
      const seen = this.#seen.get(node);
      if (seen?.end === end) continue;
      const lengthMs = seen?.lengthMs ?? 0;
      this.#seen.set(node, { end, leased: true, lengthMs, renewedAtMs: nowMs });
    }
    for (const [node, seen] of this.#seen) {
      if (leases.has(node)) continue;
      seen.end = undefined;
      // A node with neither a lease nor a link left is forgotten eventually.
      if (nowMs - this.#renewedAt(seen) >= FORGET_AFTER_LEASES * this.#leaseMs) {
        this.#seen.delete(node);
      }
    }
  }

  /** Records published lease lengths. A node with a longer lease is given the longer time. */
  lengths(about: readonly NodeInfo[]): void {
    for (const { node, leaseMs = 0 } of about) {
      const seen = this.#seen.get(node);
      if (seen !== undefined) seen.lengthMs = leaseMs;
    }
  }

  /** Records a node with data in Redis, with or without a lease. */
  found(node: string, nowMs: number): void {
    if (!this.#seen.has(node)) {
      this.#seen.set(node, { end: undefined, leased: false, lengthMs: 0, renewedAtMs: nowMs });
    }
  }

  /** Nodes that are not dead, including those whose lease Redis has lost. */
  live(nowMs: number): string[] {
    const live = [...this.#seen].filter(([, seen]) => seen.leased && !this.#isDead(seen, nowMs));
    return live.map(([node]) => node);
  }

  /** Dead nodes, with the end of the lease that they still have in Redis, if any. */
  dead(nowMs: number): ReadonlyMap<string, string | undefined> {
    const dead = [...this.#seen].filter(([, seen]) => this.#isDead(seen, nowMs));
    return new Map(dead.map(([node, { end }]) => [node, end]));
  }

  #isDead(seen: SeenLease, nowMs: number): boolean {
    return nowMs - this.#renewedAt(seen) >= Math.max(this.#leaseMs, seen.lengthMs);
  }

  #renewedAt({ renewedAtMs }: SeenLease): number {
    return Math.max(renewedAtMs, this.#sinceMs);
  }
}

/** After how many lease lengths a dead node without a lease in Redis is forgotten. */
const FORGET_AFTER_LEASES = 60;
