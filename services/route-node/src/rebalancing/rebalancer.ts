import type { NodeAbout } from '@route/presence';
import type { Logger } from '../observability/log.ts';
import { fairShare, linksToShed, toleratedLinks } from './share.ts';

/** The links of this node, as far as they are to be shared. */
export interface SharedLinks {
  /** Links that are open. */
  readonly open: number;
  /** Asks so many of them to connect again; they are closed as 'rebalancing'. */
  shed(count: number): void;
}

export interface RebalancerOptions {
  readonly nodeId: string;
  /** So many per cent above the fair share are kept; undefined to shed nothing unasked. */
  readonly tolerancePercent: number | undefined;
  /** So many links go in a minute at the most. */
  readonly perMinute: number;
  readonly links: SharedLinks;
  /** What all nodes said of themselves a short while ago. */
  nodes(): readonly NodeAbout[];
  /** What this node says of itself now. */
  about(): NodeAbout;
  /** Whether what is known of the others is to be relied on. */
  isReady(): boolean;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  now(): number;
}

/** What an operator is told who asks for it. */
export interface Rebalancing {
  readonly links: number;
  readonly fairShare: number;
  /** How many links are to go, a few at a time. */
  readonly shed: number;
}

const TICK_MS = 1000;
const MINUTE_MS = 60_000;

/**
 * Links live for months, so a node that has just started stays empty behind any load balancer. A node
 * that holds well over its share has its longest-lived links connect again, a few at a time.
 */
export class Rebalancer {
  readonly #options: RebalancerOptions;
  /** Links that an operator wants to go still. */
  #asked = 0;
  /** Time in which no link went; each costs its part of a minute. No more is saved than for a tick, or one link. */
  #savedMs = 0;
  #savedAtMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RebalancerOptions) {
    this.#options = options;
    this.#savedAtMs = options.now();
  }

  /** How many links this node would have if all had the same; its own number while it does not know better. */
  get fairShare(): number {
    return this.#share() ?? this.#options.links.open;
  }

  /** How many links it keeps; undefined while it sheds nothing unasked. */
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

  /** Has what is above the fair share go, within the same bounds; undefined where the share is not known. */
  rebalance(): Rebalancing | undefined {
    const share = this.#options.isReady() ? this.#share() : undefined;
    if (share === undefined) return undefined;
    const { open } = this.#options.links;
    this.#asked = Math.max(0, open - share);
    return { links: open, fairShare: share, shed: this.#asked };
  }

  /** Looks at the links once; called every second. */
  tick(): void {
    const { links, log, isReady } = this.#options;
    const most = this.#earn();
    const share = isReady() ? this.#share() : undefined;
    if (share === undefined) return;
    const count = this.#count(share, most);
    if (count === 0) return;
    this.#savedMs -= count * this.#linkMs;
    this.#asked = Math.max(0, this.#asked - count);
    log.info({ event: 'links-shed', shed: count, links: links.open, fairShare: share });
    links.shed(count);
  }

  #count(share: number, most: number): number {
    const { tolerancePercent, links } = this.#options;
    const { open } = links;
    this.#asked = Math.min(this.#asked, Math.max(0, open - share));
    if (this.#asked > 0) return Math.min(this.#asked, most);
    if (tolerancePercent === undefined) return 0;
    return linksToShed({ open, share, tolerancePercent, most });
  }

  get #linkMs(): number {
    return MINUTE_MS / this.#options.perMinute;
  }

  /** How many links may go now. */
  #earn(): number {
    const nowMs = this.#options.now();
    const saved = this.#savedMs + nowMs - this.#savedAtMs;
    this.#savedAtMs = nowMs;
    this.#savedMs = Math.min(Math.max(TICK_MS, this.#linkMs), saved);
    return Math.floor(this.#savedMs / this.#linkMs);
  }

  #share(): number | undefined {
    const { nodes, about, nodeId } = this.#options;
    const others = nodes().filter(({ node }) => node !== nodeId);
    return fairShare(
      [about(), ...others].map(({ links, leaving, listen, draining }) => ({
        links,
        leaving,
        takesLinks: listen !== null && !draining,
      })),
    );
  }
}
