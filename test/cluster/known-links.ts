import {
  type LinkSet,
  type LinkTarget,
  openLink,
  openLinks,
  type TestLink,
} from '../harness/index.ts';

/**
 * Opens a link that its node knows of: a connection is made before the node has taken it in, and what
 * is relayed in between passes the link by.
 */
export async function openKnownLink(node: LinkTarget): Promise<TestLink> {
  const link = await openLink(node);
  await link.query([1]);
  return link;
}

/** The same for several links, on the nodes in turn. */
export async function openKnownLinks(
  nodes: readonly LinkTarget[],
  count: number,
): Promise<LinkSet> {
  const set = await openLinks(nodes, count);
  for (const link of set.links) await link.query([1]);
  return set;
}
