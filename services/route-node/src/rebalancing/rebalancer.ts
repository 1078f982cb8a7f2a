import type { NodeInfo } from '@route/presence';
import type { Logger } from '../observability/log.ts';
import { fairShare, linksToClose, toleratedLinks } from './share.ts';

/** The links of this node that can be rebalanced. */
export interface SharedLinks {
  /** Number of open links. */
  readonly open: number;
  /** Closes `count` links so that they reconnect elsewhere; without a reason: 'rebalancing'. */
  closeForRebalance(count: number, reason?: 'isolated'): void;
}

export interface RebalancerOptions {
  readonly nodeId: string;
  /** Percent above the fair share that are tolerated; undefined turns automatic rebalancing off. */
  readonly tolerancePercent: number | undefined;
  /** Maximum number of links closed per minute. */
  readonly perMinute: number;
  readonly links: SharedLinks;
  /** Recent state of all nodes. */
  nodes(): readonly NodeInfo[];
  /** Current state of this node. */
  info(): NodeInfo;
  /** Whether the state of the other nodes is reliable. */
  isReady(): boolean;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  now(): number;
}

/** The answer to an operator's request. */
export interface Rebalancing {
  readonly links: number;
  readonly fairShare: number;
  /** Number of links that will be closed, a few at a time. */
  readonly closing: number;
}

const TICK_MS = 1000;
const MINUTE_MS = 60_000;

/**
 * Links live for months, so a node that has just started stays empty behind any load balancer. A
 * node well above its share closes its oldest links, a few at a time, so that they reconnect
 * elsewhere.
 */
export class Rebalancer {
  readonly #options: RebalancerOptions;
  /** Number of links still to close on request. */
  #asked = 0;
  /**
   * Time without a close; each close costs its part of a minute. Saves at most one tick or one
   * link.
   */
  #savedMs = 0;
  #savedAtMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RebalancerOptions) {
    this.#options = options;
    this.#savedAtMs = options.now();
  }

  /**
   * This node's number of links under equal distribution; its current number while the others are
   * unknown.
   */
  get fairShare(): number {
    return this.#share() ?? this.#options.links.open;
  }

  /** The maximum number of links it keeps; undefined while automatic rebalancing is off. */
  get tolerated(): number | undefined {
    const { tolerancePercent } = this.#options;
    return tolerancePercent === undefined
      ? undefined
      : toleratedLinks(this.fairShare, tolerancePercent);
  }

  start(): void {
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#asked = 0;
  }

  /**
   * Closes the links above the fair share, at the limited rate; undefined while the share is
   * unknown.
   */
  rebalance(): Rebalancing | undefined {
    const share = this.#options.isReady() ? this.#share() : undefined;
    if (share === undefined) return undefined;
    const { open } = this.#options.links;
    this.#asked = Math.max(0, open - share);
    return { links: open, fairShare: share, closing: this.#asked };
  }

  /** Checks the links once; called every second. */
  tick(): void {
    const { links, log, isReady } = this.#options;
    const most = this.#earn();
    const share = isReady() ? this.#share() : undefined;
    if (share === undefined) return;
    const count = this.#count(share, most);
    if (count === 0) return;
    this.#savedMs -= count * this.#linkMs;
    this.#asked = Math.max(0, this.#asked - count);
    log.info({ event: 'links-rebalanced', closing: count, links: links.open, fairShare: share });
    links.closeForRebalance(count);
  }

  #count(share: number, most: number): number {
    const { tolerancePercent, links } = this.#options;
    const { open } = links;
    this.#asked = Math.min(this.#asked, Math.max(0, open - share));
    if (this.#asked > 0) return Math.min(this.#asked, most);
    if (tolerancePercent === undefined) return 0;
    return linksToClose({ open, share, tolerancePercent, most });
  }

  get #linkMs(): number {
    return MINUTE_MS / this.#options.perMinute;
  }

  /** Number of links that may be closed now. */
  #earn(): number {
    const nowMs = this.#options.now();
    const saved = this.#savedMs + nowMs - this.#savedAtMs;
    this.#savedAtMs = nowMs;
    this.#savedMs = Math.min(Math.max(TICK_MS, this.#linkMs), saved);
    return Math.floor(this.#savedMs / this.#linkMs);
  }

  #share(): number | undefined {
    const { nodes, info, nodeId } = this.#options;
    const others = nodes().filter(({ node }) => node !== nodeId);
    return fairShare([info(), ...others]);
  }
}
