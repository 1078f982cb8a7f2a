import { type Run, startPrivateRedis } from '@route/fixtures';
import { presenceKeys } from '@route/presence';
import { createServerClient } from '@route/redis';
import { expect, test } from 'vitest';
import { openKnownLink } from '../cluster/known-links.ts';
import { type Cluster, startCluster } from '../harness/index.ts';
import { runRoutectl } from './run-routectl.ts';

interface Finding {
  readonly level: string;
  readonly subject: string;
  readonly says: string;
  readonly todo?: string;
}

function doctor(cluster: Cluster, ...args: string[]): Promise<Run> {
  const environment = {
    ROUTE_ADMIN: new URL(cluster.node(0).adminUrl).host,
    REDIS_URL: cluster.env['REDIS_URL'] ?? '',
  };
  return runRoutectl(['doctor', ...args], environment);
}

async function findings(cluster: Cluster): Promise<{ status: number | null; found: Finding[] }> {
  const { status, stdout } = await doctor(cluster, '--json');
  return { status, found: JSON.parse(stdout).findings };
}

test('reports no problem in a healthy cluster, and lists its checks', async () => {
  await using redis = await startPrivateRedis();
  await using cluster = await startCluster({ nodes: 3, redisUrl: redis.url });
  await using link = await openKnownLink(cluster.node(1));
  link.roleSet(true);
  link.online([{ userId: 1, status: 1, clientType: 1 }]);
  await link.known();
  const { status, found } = await findings(cluster);
  const bad = found.filter(({ level }) => level === 'wrong' || level === 'unknown');
  expect(bad).toEqual([]);
  expect(new Set(found.map(({ subject }) => subject))).toEqual(
    new Set([
      ...['nodes', 'versions', 'settings', 'leases', 'clocks', 'bus', 'links'],
      ...['redis', 'subscribers', 'ghosts'],
    ]),
  );
  // A machine that is busy with other tests may be slow enough for a warning, which is its status
  // 1.
  expect(status).toBe(found.every(({ level }) => level === 'ok') ? 0 : 1);
});

test('reports each problem of nodes and Redis, with a remedy', async () => {
  await using redis = await startPrivateRedis({
    args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'],
  });
  await using cluster = await startCluster({ nodes: 2, redisUrl: redis.url });
  const odd = await cluster.add({ env: { ROUTE_OFFLINE_GRACE_SECONDS: '77' } });
  const client = createServerClient({
    target: { kind: 'single', url: redis.url },
    commandTimeoutMs: 5000,
    connectTimeoutMs: 5000,
    connectionName: 'test',
  });
  await client.connect();
  // A link of a node that no other node has seen alive, and that has not been reaped yet.
  await client.sadd(presenceKeys(cluster.namespace)[0]?.links ?? '', 'ghostly.1');
  await using link = await openKnownLink(cluster.node(0));
  link.online([{ userId: 1, status: 1, clientType: 1 }]);
  await link.known();
  cluster.node(1).signal('SIGSTOP');
  let run: { status: number | null; found: Finding[] };
  try {
    run = await findings(cluster);
  } finally {
    cluster.node(1).signal('SIGCONT');
    client.disconnect();
  }
  const { status, found } = run;
  expect(status).toBe(1);
  const of = (subject: string): string =>
    found
      .filter((finding) => finding.subject === subject && finding.level === 'wrong')
      .map(({ says, todo }) => `${says} ${todo}`)
      .join('\n');
  expect(of('nodes')).toContain(`${cluster.node(1).id} does not answer`);
  expect(of('nodes')).toContain('ROUTE_ADVERTISE_HOST');
  expect(of('settings')).toContain('ROUTE_OFFLINE_GRACE_SECONDS differs');
  expect(of('settings')).toContain(`77 on ${odd.id}`);
  expect(of('redis')).toContain('CONFIG SET maxmemory-policy noeviction');
  expect(of('ghosts')).toContain('1 link of ghostly');
  expect(of('links')).toContain('ROUTE_LINKS=master');
});

test('prints lines as text, including checks that were impossible', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const environment = { ROUTE_ADMIN: new URL(cluster.node(0).adminUrl).host };
  // The Redis that is tried where none is named knows nothing of this cluster, if there is one at
  // all.
  const { stdout } = await runRoutectl(['doctor'], environment);
  expect(stdout).toMatch(/^ok {7}versions {5}all run the same version, \d+\.\d+\.\d+$/m);
  expect(stdout).toMatch(/^unknown {2}redis {8}not looked at: /m);
  expect(stdout).toContain('→ say which it is with --redis or REDIS_URL');
});
