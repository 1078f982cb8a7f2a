/** What is known of one node's links; of another node, as it was a short while ago. */
export interface NodeLoad {
  readonly links: number;
  /** Links that it has asked to go, and that may not have come to any node yet. */
  readonly leaving: number;
  /** Whether it takes links; what it holds is to be shared by those who do, if not. */
  readonly takesLinks: boolean;
}

/**
 * How many links each node would have if all had the same, rounded up; undefined where fewer than two
 * take links. A link that is leaving counts until it has surely come to another node, and so for a
 * while counts twice: the share is never thought to be smaller than it is, however old what is known
 * of the others, as long as links come back before they are forgotten.
 */
export function fairShare(nodes: readonly NodeLoad[]): number | undefined {
  const takers = nodes.filter(({ takesLinks }) => takesLinks).length;
  if (takers < 2) return undefined;
  const total = nodes.reduce((sum, { links, leaving }) => sum + links + leaving, 0);
  return Math.ceil(total / takers);
}

/** The most links that a node keeps: so many per cent above the fair share, and one in any case. */
export function toleratedLinks(share: number, tolerancePercent: number): number {
  return Math.max(share + 1, Math.floor(share * (1 + tolerancePercent / 100)));
}

/** What the decision is made of. */
export interface ShedQuestion {
  /** Links open on this node. */
  readonly open: number;
  readonly share: number;
  readonly tolerancePercent: number;
  /** No more than these now. */
  readonly most: number;
}

/**
 * How many links to ask to go now: nobody as long as the node holds no more than is tolerated, else
 * those above the fair share and never more, so that what is at the limit does not go to and fro.
 */
export function linksToShed({ open, share, tolerancePercent, most }: ShedQuestion): number {
  if (open <= toleratedLinks(share, tolerancePercent)) return 0;
  return Math.max(0, Math.min(open - share, Math.floor(most)));
}
