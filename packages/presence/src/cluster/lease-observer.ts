import type { NodeInfo } from './node-info.ts';

interface SeenLease {
  /** The end of the lease as Redis has it; undefined when it has none. */
  end: string | undefined;
  /** Whether it ever had one, or only links. */
  leased: boolean;
  /** How long the node says that its lease is; 0 where that is not known. */
  lengthMs: number;
  /** When it was last seen to be renewed, or first seen. */
  renewedAtMs: number;
}

/**
 * Tells live nodes from dead ones by whether their leases are seen to be renewed, on this node's own clock: what Redis
 * takes for the time plays no part. A node is dead when its lease was not renewed for the length of a lease
 * since this node took its own; so is a node that is known only by what it has left in Redis.
 */
export class LeaseObserver {
  readonly #leaseMs: number;
  readonly #seen = new Map<string, SeenLease>();
  #sinceMs = 0;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** This node has taken its own lease: every other node has the length of a lease from now on to renew. */
  begin(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  /** Notes the leases as Redis has them now, end by node. */
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
      // A node of which nothing is left any more, neither a lease nor a link, is forgotten in the end.
      if (nowMs - this.#renewedAt(seen) >= FORGET_AFTER_LEASES * this.#leaseMs) {
        this.#seen.delete(node);
      }
    }
  }

  /** What nodes publish about themselves: a node with a longer lease than this one's is given its time. */
  lengths(about: readonly NodeInfo[]): void {
    for (const { node, leaseMs = 0 } of about) {
      const seen = this.#seen.get(node);
      if (seen !== undefined) seen.lengthMs = leaseMs;
    }
  }

  /** A node has left something in Redis, and may have no lease. */
  found(node: string, nowMs: number): void {
    if (!this.#seen.has(node)) {
      this.#seen.set(node, { end: undefined, leased: false, lengthMs: 0, renewedAtMs: nowMs });
    }
  }

  /** Nodes that are not dead, also those whose lease Redis has lost. */
  live(nowMs: number): string[] {
    return this.#filter((seen) => seen.leased && !this.#isDead(seen, nowMs));
  }

  dead(nowMs: number): string[] {
    return this.#filter((seen) => this.#isDead(seen, nowMs));
  }

  /** Of the dead nodes those without a lease in Redis, which find it missing when they wake up. */
  ended(nowMs: number): string[] {
    return this.#filter((seen) => seen.end === undefined && this.#isDead(seen, nowMs));
  }

  /** Of the dead nodes that still have a lease in Redis, the id and the end of the lease in turn. */
  deadLeases(nowMs: number): string[] {
    const leases: string[] = [];
    for (const [node, seen] of this.#seen) {
      if (seen.end !== undefined && this.#isDead(seen, nowMs)) leases.push(node, seen.end);
    }
    return leases;
  }

  #filter(keep: (seen: SeenLease) => boolean): string[] {
    return [...this.#seen].filter(([, seen]) => keep(seen)).map(([node]) => node);
  }

  #isDead(seen: SeenLease, nowMs: number): boolean {
    return nowMs - this.#renewedAt(seen) >= Math.max(this.#leaseMs, seen.lengthMs);
  }

  #renewedAt({ renewedAtMs }: SeenLease): number {
    return Math.max(renewedAtMs, this.#sinceMs);
  }
}

/** After how many lengths of a lease a dead node without a lease in Redis is forgotten. */
const FORGET_AFTER_LEASES = 60;
