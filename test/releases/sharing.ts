import { expect } from 'vitest';
import { openKnownLinks } from '../cluster/known-links.ts';
import { MsgServer } from '../cluster/msg-server.ts';
import { SeededRandom } from '../cluster/seeded-random.ts';
import { StatusWatch } from '../cluster/status-watch.ts';
import { clientsOf, userIds, waitForPresence } from '../cluster/statuses.ts';
import { type RouteNode, startCluster } from '../harness/index.ts';
import { relayExactly } from './relay-exactly.ts';

const PROGRAM_NODES = 2;
const USERS_EACH = 100;
const PACE = { perSecond: 500, least: 1000 };

/** A release by the program that starts a node of it; undefined for this tree's. */
type Program = string | undefined;

/**
 * Replaces the nodes of one release by those of another, one by one and under load: links that stay
 * up get each message once and in order, and no user is seen offline.
 */
export async function replaceUnderLoad(from: Program, to: Program): Promise<void> {
  const env = { ROUTE_DRAIN_SECONDS: '1', ROUTE_LEASE_SECONDS: '4' };
  await using cluster = await startCluster({ nodes: 0, env });
  for (let n = 0; n < PROGRAM_NODES; n++) await cluster.add(optionsOf(from));
  await cluster.waitUntilMet();
  await using stack = new AsyncDisposableStack();
  const leaving = new Set<RouteNode>();
  const targets = () => cluster.nodes.filter((node) => node.isRunning && !leaving.has(node));
  const random = new SeededRandom();
  const servers = Array.from({ length: 4 }, (_, i) => {
    const clients = clientsOf(userIds(i * USERS_EACH + 1, USERS_EACH));
    return stack.use(new MsgServer({ targets, clients, random }));
  });
  const allUsers = userIds(1, servers.length * USERS_EACH);
  const watcher = stack.use(new MsgServer({ targets, clients: [], random }));
  for (const server of servers) await server.linked();
  await waitForPresence([await watcher.linked()], { online: allUsers });
  await using watch = new StatusWatch(allUsers, () => watcher.linked());

  for (let n = 0; n < PROGRAM_NODES; n++) {
    await cluster.add(optionsOf(to));
    await cluster.waitUntilMet();
    const node = cluster.node(n);
    leaving.add(node);
    await using set = await openKnownLinks(targets(), 2 * targets().length);
    await relayExactly(set.links, PACE, async () => {
      node.signal('SIGTERM');
      expect(await node.exited).toEqual({ code: 0, signal: null });
    });
  }
  await cluster.waitUntilMet();
  await watch.stop();
  expect([...watch.seenOffline]).toEqual([]);
  expect(watch.answers).toBeGreaterThan(20);
  await using set = await openKnownLinks(targets(), PROGRAM_NODES);
  await waitForPresence(set.links, { online: allUsers, deadlineMs: 15_000 });
}

function optionsOf(program: Program): { program?: string } {
  return program === undefined ? {} : { program };
}
