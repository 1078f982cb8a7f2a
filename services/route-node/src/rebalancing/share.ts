import type { NodeInfo } from '@route/presence';

/** The link counts of one node; those of another node are a short while old. */
export type NodeLoad = Pick<NodeInfo, 'links' | 'leaving' | 'listen' | 'draining'>;

/**
 * Returns the number of links per node under equal distribution, rounded up; undefined where fewer
 * than two nodes accept links. Links of nodes that accept none are shared by those that do. A
 * leaving link counts until it has surely reconnected, so for a while it counts twice. The result is
 * never below the real share, however old the counts, if links reconnect before they are forgotten.
 */
export function fairShare(nodes: readonly NodeLoad[]): number | undefined {
  const takers = nodes.filter(({ listen, draining }) => listen !== null && !draining).length;
  if (takers < 2) return undefined;
  const total = nodes.reduce((sum, { links, leaving }) => sum + links + leaving, 0);
  return Math.ceil(total / takers);
}

/**
 * Returns the maximum number of links that a node keeps: `percent` above the fair share, at least
 * one above it.
 */
export function toleratedLinks(share: number, tolerancePercent: number): number {
  return Math.max(share + 1, Math.floor(share * (1 + tolerancePercent / 100)));
}

/** Input of the decision. */
export interface LinkCounts {
  /** Links open on this node. */
  readonly open: number;
  readonly share: number;
  readonly tolerancePercent: number;
  /** Maximum to close now. */
  readonly most: number;
}

/**
 * Returns the number of links to close now: 0 within the tolerance, else the surplus above the fair
 * share and never more, so that a node at the limit does not oscillate.
 */
export function linksToClose({ open, share, tolerancePercent, most }: LinkCounts): number {
  if (open <= toleratedLinks(share, tolerancePercent)) return 0;
  return Math.max(0, Math.min(open - share, Math.floor(most)));
}
