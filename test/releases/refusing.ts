import { waitFor } from '@route/fixtures';
import { expect } from 'vitest';
import { openKnownLinks } from '../cluster/known-links.ts';
import { clientsOf, userIds, waitForPresence } from '../cluster/statuses.ts';
import type { Cluster, LinkSet, RouteNode } from '../harness/index.ts';
import { relayExactly } from './relay-exactly.ts';

const PER_SECOND = 200;
const LEASE_SECONDS = 2;
/** Longer than two leases, so that any effect of a refused node on the others has happened. */
const TOGETHER_MS = 2.5 * LEASE_SECONDS * 1000;

export const REFUSING_ENV = {
  ROUTE_LEASE_SECONDS: String(LEASE_SECONDS),
  ROUTE_OFFLINE_GRACE_SECONDS: '1',
  ROUTE_DRAIN_SECONDS: '0.5',
};

/** Two nodes that work together, with links that list users. */
export async function linksWithUsers(nodes: readonly RouteNode[]): Promise<LinkSet> {
  const set = await openKnownLinks(nodes, 4);
  for (const [i, link] of set.links.entries()) link.online(clientsOf(userIds(1 + i * 10, 10)));
  await waitForPresence(set.links, { online: userIds(1, 40) });
  return set;
}

/**
 * Relays between all links for longer than two leases while something goes on, and expects each
 * message once and in order on each link, exact presence, and no trouble in the nodes' logs.
 */
export async function undisturbed(
  cluster: Cluster,
  set: LinkSet,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const nodes = cluster.nodes.slice(0, 2);
  const linesBefore = nodes.map(({ logs }) => logs.length);
  await relayExactly(set.links, { perSecond: PER_SECOND, least: 0 }, async () => {
    const begunMs = performance.now();
    await meanwhile();
    await waitFor(() => performance.now() - begunMs >= TOGETHER_MS, {
      what: 'two leases to pass',
      deadlineMs: 2 * TOGETHER_MS,
    });
  });
  await waitForPresence(set.links, { online: userIds(1, 40) });
  for (const [i, node] of nodes.entries()) {
    const troubles = node.logs.slice(linesBefore[i]).filter(({ level }) => level >= 40);
    expect(troubles.filter(({ event }) => !TELLING.has(event))).toEqual([]);
  }
}

/** What a node may say of one of another release. */
const TELLING: ReadonlySet<string> = new Set(['bus-other-version', 'bus-error']);
