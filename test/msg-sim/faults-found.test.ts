import { expect, test } from 'vitest';
import { startCluster } from '../harness/index.ts';
import { Demo } from './demo.ts';
import { type Fault, FaultyRelay } from './faulty-relay.ts';

/** A run's faults and the checks that must find them; no other check may fail. */
interface Case {
  /** Broadcast by default. */
  readonly delivery?: 'directed';
  readonly faults: readonly Fault[];
  readonly foundBy: readonly string[];
  readonly perhapsBy?: readonly string[];
}

const FROM_NODE = { direction: 'from-node' } as const;

const CASES: readonly Case[] = [
  {
    faults: [{ ...FROM_NODE, command: 'msg_data', harm: 'drop', every: 50 }],
    foundBy: ['nothing lost'],
  },
  {
    faults: [
      { ...FROM_NODE, command: 'msg_read_notify', harm: 'double', every: 20 },
      { ...FROM_NODE, command: 'msg_data', harm: 'swap', every: 50 },
    ],
    foundBy: ['nothing doubled', 'everything in order'],
  },
  {
    faults: [
      { ...FROM_NODE, command: 'status_notify', harm: 'drop', every: 2 },
      { ...FROM_NODE, command: 'server_kick_user', harm: 'drop', every: 1 },
    ],
    foundBy: ['notifications right', 'old clients kicked'],
  },
  {
    faults: [{ direction: 'to-node', command: 'user_status_update', harm: 'drop', every: 3 }],
    foundBy: ['presence exact at the end'],
    // Depends on which users are sampled, and whether they then stay unchanged long enough.
    perhapsBy: ['presence right', 'notifications right'],
  },
  {
    delivery: 'directed',
    faults: [
      { ...FROM_NODE, command: 'msg_read_notify', harm: 'drop', every: 10 },
      { ...FROM_NODE, command: 'msg_data', harm: 'double', every: 20 },
    ],
    foundBy: ['nothing lost', 'nothing doubled'],
  },
];

const FLAGS = '--msg-servers 4 --users 60 --churn 15 --rate 150 --duration 12 --seed 1 --json';

test('each kind of harm by a relay is found by its checks: exit status 1', async () => {
  await using broadcasting = await startCluster({ nodes: 2 });
  await using directing = await startCluster({ nodes: 2, env: { ROUTE_DELIVERY: 'directed' } });
  await using stack = new AsyncDisposableStack();
  const runs = await Promise.all(
    CASES.map(async ({ delivery, faults, foundBy, perhapsBy = [] }) => {
      const cluster = delivery === 'directed' ? directing : broadcasting;
      const [a, b] = [cluster.node(0), cluster.node(1)];
      const relay = stack.use(await FaultyRelay.before(a, faults));
      const route = ['--route', `${relay.address},${b.host}:${b.port}`];
      const way = delivery === undefined ? [] : ['--delivery', delivery];
      const demo = stack.use(new Demo([...FLAGS.split(' '), ...route, ...way]));
      return { faults, foundBy, perhapsBy, relay, demo, status: await demo.exitStatus() };
    }),
  );
  for (const { faults, foundBy, perhapsBy, relay, demo, status } of runs) {
    const what = `${JSON.stringify(faults)}\n${demo.output}\n${demo.errors}`;
    for (const { command } of faults) expect(relay.harmed.get(command), what).toBeGreaterThan(0);
    const certain = demo.failed.filter((name) => !perhapsBy.includes(name));
    expect(certain, what).toEqual(foundBy);
    expect(demo.summary.ok, what).toBe(false);
    expect(status, what).toBe(1);
  }
}, 120_000);
