import { sharedRedisUrl, startPrivateRedis, uniqueNamespace, waitFor } from '@route/fixtures';
import type { RedisClient } from '@route/redis';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { UserState } from '../presence.ts';
import { queryOf, stateOf } from '../testing/asking.ts';
import { PresenceModel } from '../testing/model.ts';
import { connect, startLiveNode, type TestNode } from '../testing/node.ts';
import { ALL_USERS, Cluster, steps } from '../testing/steps.ts';
import { readStored } from '../testing/stored.ts';
import { TroubledProxy } from '../testing/troubled-proxy.ts';

const NODES = 3;
const SLOTS = 7;
const LEASE_MS = 60_000;
/** Each test starts dozens of clusters, which takes longer than the default on a busy machine. */
const TIMEOUT_MS = 120_000;

interface Scene {
  readonly nodes: readonly TestNode[];
  readonly model: PresenceModel;
  readonly admin: RedisClient;
  readonly namespace: string;
}

async function expectModel({ nodes, model, admin, namespace }: Scene): Promise<void> {
  for (const node of nodes) await node.settled();
  const stored = await readStored(admin, namespace);
  expect(stored.contradictions).toEqual([]);
  expect([...stored.records].sort(([a], [b]) => a - b)).toEqual(
    [...model.records()].sort(([a], [b]) => a - b),
  );
  for (const node of nodes) {
    const { states, online } = await waitFor(() => readAll(node), {
      what: 'all users to be read with one lease',
      deadlineMs: 30_000,
    });
    expect(states).toEqual(ALL_USERS.map((userId) => model.state(userId)));
    expect(online).toEqual(ALL_USERS.map((userId) => (model.state(userId) === 'pc' ? 1 : 0)));
  }
}

/**
 * Reads all users. Fails if the node loses its lease meanwhile, as a call that a busy machine delays
 * for longer than the command timeout causes: until it has settled again, updates are answered
 * 'later' and queries from its own links.
 */
async function readAll(node: TestNode): Promise<{ states: UserState[]; online: number[] }> {
  await node.settled();
  const { presence, newLink, leaseEvents } = node;
  const before = leaseEvents.length;
  const states = await Promise.all(ALL_USERS.map((userId) => stateOf(presence, userId)));
  const online = await queryOf(presence, newLink(), ALL_USERS);
  if (leaseEvents.length > before) throw new Error('the lease was lost');
  return { states, online };
}

test(
  'concurrent reports on several nodes converge to the model',
  async () => {
    const admin = await connect(sharedRedisUrl());
    await fc.assert(
      fc.asyncProperty(steps(SLOTS, 120), async (all) => {
        await using stack = new AsyncDisposableStack();
        const namespace = uniqueNamespace();
        const nodes: TestNode[] = [];
        for (let i = 0; i < NODES; i++) {
          const maxOperationsPerCall = [256, 3, 1][i] ?? 256;
          const url = sharedRedisUrl();
          nodes.push(stack.use(await startLiveNode({ url, namespace, maxOperationsPerCall })));
        }
        const model = new PresenceModel();
        const cluster = new Cluster(nodes, model, SLOTS);
        for (const step of all) await cluster.take(step);
        expect(await cluster.unseen()).toEqual([]);
        await expectModel({ nodes, model, admin, namespace });
      }),
      { numRuns: 25, endOnFailure: true },
    );
    admin.disconnect();
  },
  TIMEOUT_MS,
);

const FAULTS = [
  ...['none', 'none', 'suspend', 'resume', 'forget-scripts', 'kill-connections'],
  ...['hold-requests', 'hold-replies', 'flow', 'cut', 'flush'],
] as const;

test(
  'all nodes converge to the model despite connection faults',
  async () => {
    await using server = await startPrivateRedis();
    const admin = await connect(server.url);
    const fault = fc.record({ fault: fc.constantFrom(...FAULTS), on: fc.nat(NODES - 1) });
    const acts = fc.array(fc.tuple(steps(SLOTS, 24), fault), { minLength: 4, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(acts, async (all) => {
        await using stack = new AsyncDisposableStack();
        const namespace = uniqueNamespace();
        const nodes: TestNode[] = [];
        const proxies: TroubledProxy[] = [];
        for (let i = 0; i < NODES; i++) {
          const proxy = stack.use(await TroubledProxy.to(server.url));
          proxies.push(proxy);
          const options = { url: proxy.url, namespace, leaseMs: LEASE_MS, commandTimeoutMs: 150 };
          nodes.push(stack.use(await startLiveNode({ ...options, maxOperationsPerCall: 4 })));
        }
        const model = new PresenceModel();
        const cluster = new Cluster(nodes, model, SLOTS);
        for (const [part, { fault, on }] of all) {
          for (const step of part) await cluster.take(step);
          const node = nodes[on];
          const proxy = proxies[on];
          if (node !== undefined && proxy !== undefined) {
            await cause(fault, { node, proxy, admin });
          }
        }
        for (const proxy of proxies) proxy.flow();
        await cluster.unseen();
        // Delayed requests may reach Redis at any time. The last assertion must win nevertheless.
        for (const node of nodes) node.lease.markLost('the end of the trouble');
        await waitFor(() => nodes.every((node) => node.lease.held), { what: 'all leases' });
        await expectModel({ nodes, model, admin, namespace });
      }),
      { numRuns: 12, endOnFailure: true },
    );
    admin.disconnect();
  },
  TIMEOUT_MS,
);

async function cause(
  fault: string,
  { node, proxy, admin }: { node: TestNode; proxy: TroubledProxy; admin: RedisClient },
): Promise<void> {
  switch (fault) {
    case 'suspend':
      node.presence.suspended();
      break;
    case 'resume':
      if (node.lease.held) node.presence.resumed();
      break;
    case 'forget-scripts':
      await admin.script('FLUSH');
      break;
    case 'kill-connections':
      for (const line of String(await admin.client('LIST')).split('\n')) {
        const id = /^id=(\d+) /.exec(line)?.[1];
        if (id !== undefined && line.includes(` name=${node.nodeId} `)) {
          await admin.client('KILL', 'ID', id);
        }
      }
      break;
    case 'hold-requests':
      proxy.holdRequests();
      break;
    case 'hold-replies':
      proxy.holdReplies();
      break;
    case 'flow':
      proxy.flow();
      break;
    case 'cut':
      proxy.cut();
      break;
    case 'flush':
      await admin.flushall();
      // No event tells a node that Redis was emptied here; a lost connection or lease would.
      break;
  }
}
