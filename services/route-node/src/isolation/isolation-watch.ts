import type { NodeInfo } from '@route/presence';
import type { Settings } from '../config/settings-schema.ts';
import type { Logger } from '../observability/log.ts';
import type { SharedLinks } from '../rebalancing/rebalancer.ts';

/** The readiness that a node's admin port reports. */
export interface ReadinessAnswer {
  /** The node that answered. */
  readonly node: string;
  readonly ready: boolean;
}

/** After `afterMs` in trouble, links are closed over `overMs`, if another node is ready. */
export interface IsolationTimes {
  readonly afterMs: number;
  readonly overMs: number;
}

export interface IsolationWatchOptions extends IsolationTimes {
  readonly nodeId: string;
  readonly log: Logger;
  /** The nodes' last published state; unchanged while Redis is down. */
  nodes(): readonly NodeInfo[];
  /** Whether Redis or the bus does not answer this node. */
  isInTrouble(): boolean;
  /** Whether both answer again, and presence is still being written. */
  isRecovering(): boolean;
  readonly links: SharedLinks;
  /** Asks a node at its admin address, without a token; undefined without an answer in time. */
  ask(address: string): Promise<ReadinessAnswer | undefined>;
  /** A whole number below `count`, which is above 0. */
  random(count: number): number;
  /** Monotonic milliseconds. */
  now(): number;
}

const TICK_MS = 1000;

/** Nodes polled at the same time, and the interval between rounds while none is ready. */
const MOST_ASKED = 4;
const ASK_EVERY_MS = 2000;

/** Maximum number of addresses kept; larger clusters are polled in part. */
const MOST_CONFIRMED = 64;

/** The links must be closed before frames for them are dropped. */
const MOST_OVER_MS = 5000;

/** The times that the settings of a node make. */
export function isolationTimes({
  ROUTE_ISOLATED_SECONDS: after,
  ROUTE_BUS_RETENTION_SECONDS: retention,
}: Pick<Settings, 'ROUTE_ISOLATED_SECONDS' | 'ROUTE_BUS_RETENTION_SECONDS'>): IsolationTimes {
  const overMs = Math.min(MOST_OVER_MS, (retention - after) * 500);
  return { afterMs: after * 1000, overMs };
}

/**
 * Closes the links of a node that alone is cut off from Redis, so that the load balancer moves them
 * to working nodes. A node cannot tell by itself whether Redis is down for all: it polls the
 * others, at admin addresses where they have answered before.
 */
export class IsolationWatch {
  readonly #options: IsolationWatchOptions;
  /** Nodes that have answered at the address that they publish. */
  readonly #confirmed = new Map<string, string>();
  /** Milliseconds in trouble since the node was last neither in trouble nor recovering. */
  #troubleMs = 0;
  /** Time of the last look that found the node in trouble; undefined while it is not. */
  #troubleSeenMs: number | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #looking = false;
  /** Since when links go; undefined while they stay. */
  #releasingSinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IsolationWatchOptions) {
    this.#options = options;
  }

  /** Whether links are being closed: another node is ready, and this one is not. */
  get isReleasing(): boolean {
    return this.#releasingSinceMs !== undefined;
  }

  start(): void {
    this.#timer = setInterval(() => void this.tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Checks the node once; called every second. Resolves with the answers of its polls. */
  async tick(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#look();
    } finally {
      this.#looking = false;
    }
  }

  async #look(): Promise<void> {
    const { isInTrouble, isRecovering, now, afterMs } = this.#options;
    if (!isInTrouble()) {
      this.#keepLinks();
      if (isRecovering()) return;
      this.#troubleMs = 0;
      await this.#confirmOne();
      return;
    }
    this.#troubleMs += now() - (this.#troubleSeenMs ?? now());
    this.#troubleSeenMs = now();
    if (this.#troubleMs < afterMs) return;
    if (now() - this.#askedAtMs >= ASK_EVERY_MS) await this.#askOthers();
    if (this.isReleasing) this.#release();
  }

  /** Ends the trouble: links that are still open stay. */
  #keepLinks(): void {
    if (this.isReleasing) this.#options.log.info({ event: 'isolation-ended' });
    this.#troubleSeenMs = undefined;
    this.#releasingSinceMs = undefined;
    this.#askedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** An address in Redis may be forged: it counts once its node answers there. */
  async #confirmOne(): Promise<void> {
    const { nodeId } = this.#options;
    const others = this.#options.nodes().filter(({ node }) => node !== nodeId);
    const known = new Map(others.map(({ node, admin }) => [node, admin]));
    for (const [node, address] of this.#confirmed) {
      if (known.get(node) !== address) this.#confirmed.delete(node);
    }
    if (this.#confirmed.size >= MOST_CONFIRMED) return;
    const unconfirmed = others.filter(({ node }) => !this.#confirmed.has(node));
    if (unconfirmed.length === 0) return;
    const next = unconfirmed[this.#options.random(unconfirmed.length)];
    if (next === undefined) return;
    const answer = await this.#options.ask(next.admin);
    if (answer?.node === next.node) this.#confirmed.set(next.node, next.admin);
  }

  async #askOthers(): Promise<void> {
    const { now, log, links } = this.#options;
    this.#askedAtMs = now();
    const answers = await Promise.all(
      this.#some().map(async ([node, address]) => {
        const answer = await this.#options.ask(address);
        return answer?.node === node && answer.ready ? [node] : [];
      }),
    );
    const [ready] = answers.flat();
    if (!this.#options.isInTrouble()) return;
    if (ready === undefined) {
      this.#releasingSinceMs = undefined;
    } else if (!this.isReleasing) {
      this.#releasingSinceMs = now();
      log.warn({
        event: 'isolated',
        troubleMs: Math.round(this.#troubleMs),
        readyNode: ready,
        links: links.open,
      });
    }
  }

  /** A few of those that are confirmed, others each time. */
  #some(): (readonly [node: string, address: string])[] {
    const all = [...this.#confirmed];
    const chosen: (readonly [string, string])[] = [];
    while (chosen.length < MOST_ASKED && all.length > 0) {
      chosen.push(...all.splice(this.#options.random(all.length), 1));
    }
    return chosen;
  }

  /** A part with each tick, so that all close in time; new links are closed as well. */
  #release(): void {
    const { now, overMs, links } = this.#options;
    const leftMs = Math.max(0, (this.#releasingSinceMs ?? now()) + overMs - now());
    const ticksLeft = 1 + Math.floor(leftMs / TICK_MS);
    const count = Math.ceil(links.open / ticksLeft);
    if (count > 0) links.closeForRebalance(count, 'isolated');
  }
}
