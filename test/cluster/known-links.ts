import {
  type LinkSet,
  type LinkTarget,
  openLink,
  openLinks,
  type TestLink,
} from '../harness/index.ts';

/**
 * Opens a link and waits until its node knows it. A connection opens before the node accepts it,
 * and PDUs relayed in between miss the link.
 */
export async function openKnownLink(node: LinkTarget): Promise<TestLink> {
  const link = await openLink(node);
  await link.query([1]);
  return link;
}

/** Opens several such links, on the nodes in turn. */
export async function openKnownLinks(
  nodes: readonly LinkTarget[],
  count: number,
): Promise<LinkSet> {
  const set = await openLinks(nodes, count);
  for (const link of set.links) await link.query([1]);
  return set;
}
