import type { BusLimits } from '../options.ts';
import type { NodeHeartbeat } from './heartbeat.ts';

/**
 * Tells until when every node that may accept links is known, so that frames to all known nodes
 * reach all. A starting node is known by the time that it accepts links: `joinMs` after it was
 * first received, or once all nodes with a lease have sent to it. So this node must have received
 * everything published up to less than `joinMs` ago, on a connection on which every node has sent a
 * heartbeat since, and must have had a lease since then.
 */
export class Completeness {
  readonly #limits: Pick<BusLimits, 'joinMs' | 'heartbeatMs'>;
  readonly #heartbeat: Pick<NodeHeartbeat, 'steadyMs' | 'returnedSentAt'>;
  /**
   * The time from which, and until which, this node's own lease is known to be unbroken. Infinity
   * if no live lease was read since the node became responsive on its current connection.
   */
  #listedFrom = Number.POSITIVE_INFINITY;
  #leaseUntil = Number.NEGATIVE_INFINITY;

  constructor(
    limits: Pick<BusLimits, 'joinMs' | 'heartbeatMs'>,
    heartbeat: Pick<NodeHeartbeat, 'steadyMs' | 'returnedSentAt'>,
  ) {
    this.#limits = limits;
    this.#heartbeat = heartbeat;
  }

  /** Up to this time no node that is still unknown has accepted links. */
  get until(): number {
    const { joinMs, heartbeatMs } = this.#limits;
    const { steadyMs, returnedSentAt } = this.#heartbeat;
    const isSteady = steadyMs >= 1.5 * heartbeatMs;
    if (!isSteady || returnedSentAt < this.#listedFrom) return Number.NEGATIVE_INFINITY;
    // Minus a tenth, because clocks run at different speeds.
    return Math.min(returnedSentAt + joinMs * 0.9, this.#leaseUntil);
  }

  /**
   * Call when this node is no longer responsive. Nodes may join meanwhile and stand still
   * afterwards: only their leases reveal them.
   */
  becameUnresponsive(): void {
    this.#listedFrom = Number.POSITIVE_INFINITY;
  }

  /** The leases were read: whether this node had one, which lives until `ownUntil` at least. */
  leasesRead(isListed: boolean, ownUntil: number, now: number): void {
    const isUnbroken = isListed && now < this.#leaseUntil;
    if (!isUnbroken) this.#listedFrom = Number.POSITIVE_INFINITY;
    if (isListed) this.#listedFrom = Math.min(this.#listedFrom, now);
    this.#leaseUntil = ownUntil;
  }
}
