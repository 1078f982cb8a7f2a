import { readFileSync } from 'node:fs';
import {
  askServer,
  SlotMove,
  startClusterRedis,
  startRedisProcess,
  waitFor,
} from '@route/fixtures';
import { findFreePort } from '@route/local-cluster';
import { describe, expect, test } from 'vitest';
import { openKnownLinks } from '../cluster/known-links.ts';
import { clientsOf, offline, online, userIds, waitForPresence } from '../cluster/statuses.ts';
import { goldenSuite } from '../golden/golden-suite.ts';
import { type NodeEnv, startCluster } from '../harness/index.ts';
import { type ReachedRedis, startNodesOn } from './nodes-on.ts';

const ADMIN = { username: 'admin', password: 'of-this-test' };
const PASSWORD = 'hush';
const ENV: NodeEnv = { ROUTE_NAMESPACE: 'route' };

/** The ACL users shipped with the project, with passwords, and one that may read the ACL log. */
const USERS = [
  readFileSync(new URL('../../deploy/redis/users.acl', import.meta.url), 'utf8').replace(
    ' nopass ',
    ` >${PASSWORD} `,
  ),
  `user ${ADMIN.username} on >${ADMIN.password} ~* &* +@all`,
].join('\n');

/**
 * Commands allowed by users.acl, named as Redis counts calls: `config
 * get`.
 */
const ALLOWED = Array.from(USERS.matchAll(/ \+([a-z|]+)/g), ([, command = '']) => command);

/** Commands sent to only one of the two kinds of Redis. */
const ONLY_ONE_REDIS = ['publish', 'subscribe'];
const ONLY_CLUSTER = [
  ...['auth', 'ping', 'readonly', 'cluster|slots', 'cluster|info', 'asking'],
  ...['spublish', 'ssubscribe'],
];

/** Commands that a server has received from any client since its start. */
async function calledCommands(port: number): Promise<string[]> {
  const [text = ''] = await askServer(port, ['INFO', 'commandstats'], ADMIN);
  return Array.from(text.matchAll(/^cmdstat_([a-z|]+):/gm), ([, command = '']) => command);
}

interface GuardedRedis extends ReachedRedis {
  readonly ports: readonly number[];
  /** Moves the slot of a key to another server, with all its keys. */
  readonly moveSlotOf?: (key: string) => Promise<void>;
}

async function startGuarded(): Promise<GuardedRedis> {
  const port = await findFreePort();
  const server = await startRedisProcess({
    port,
    files: { 'users.acl': USERS },
    config: (directory) => [
      ...[`port ${port}`, 'bind 127.0.0.1', 'save ""', `dir ${directory}`],
      `aclfile ${directory}/users.acl`,
    ],
  });
  return {
    env: { ...ENV, REDIS_URL: `redis://route:${PASSWORD}@127.0.0.1:${port}` },
    ports: [port],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Adds users to the nodes only once the nodes have found each other. */
async function startGuardedCluster(): Promise<GuardedRedis> {
  const cluster = await startClusterRedis();
  const ports = cluster.target.kind === 'cluster' ? cluster.target.nodes.map((n) => n.port) : [];
  for (const port of ports) {
    // The other users first: afterwards the default one has no rights.
    for (const line of USERS.split('\n').toReversed()) {
      const [user, name = '', ...rules] = line.split(' ');
      if (user !== 'user') continue;
      expect(await askServer(port, ['ACL', 'SETUSER', name, ...rules])).toEqual(['OK']);
    }
  }
  return {
    env: { ...ENV, ...cluster.env, REDIS_USERNAME: 'route', REDIS_PASSWORD: PASSWORD },
    ports,
    moveSlotOf: async (key) => {
      await using move = await SlotMove.of(key, cluster.primaries, ADMIN);
      await move.begin();
      await move.moveKeys(await move.keysIn());
      // Until a node has followed a key.
      const asked = async (): Promise<boolean> =>
        (await Promise.all(ports.map(calledCommands))).flat().includes('asking');
      await waitFor(asked, { what: 'a node to ask where the key is' });
      await move.end();
    },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

goldenSuite('three nodes as the user of deploy/redis/users.acl', () => startNodesOn(startGuarded));

describe.each([
  ['one Redis', startGuarded, ONLY_CLUSTER],
  ['a Redis Cluster', startGuardedCluster, ONLY_ONE_REDIS],
] as const)('as the user of deploy/redis/users.acl of %s', (_, start, unused) => {
  test('nodes relay, resync, reap, reconcile and announce lost users, with no command refused and no unused right', async () => {
    await using redis = await start();
    const env = {
      ...redis.env,
      ROUTE_LEASE_SECONDS: '2',
      ROUTE_RECONCILE_SECONDS: '1',
      ROUTE_OFFLINE_GRACE_SECONDS: '1',
    };
    await using cluster = await startCluster({ nodes: 3, env });
    await using set = await openKnownLinks(cluster.nodes, 3);
    const users = userIds(1, 300);
    for (const i of [0, 1, 2]) {
      set.link(i).online(clientsOf(users.slice(100 * i, 100 * (i + 1))));
    }
    const left = [set.link(1), set.link(2)];
    await waitForPresence(left, { online: users });
    // A server that has forgotten a script receives it in full.
    for (const port of redis.ports) await askServer(port, ['SCRIPT', 'FLUSH'], ADMIN);
    set.link(1).status(online(5001));
    set.link(1).status(offline(101));
    await waitForPresence(left, { online: [5001], offline: [101] });
    await redis.moveSlotOf?.('route:{nodes}:members');

    for (const port of redis.ports) {
      await askServer(port, ['FLUSHALL'], ADMIN);
      await askServer(port, ['CLIENT', 'KILL', 'TYPE', 'normal'], ADMIN);
      // A string that is no key is deleted.
      await askServer(port, ['SET', 'route:{nodes}:info', 'garbage'], ADMIN);
    }
    // Also those of the node that is killed next: a user without a record in Redis cannot be lost
    // by it.
    await waitForPresence(left, { online: users.filter((id) => id !== 101), deadlineMs: 30_000 });
    await cluster.node(0).kill();
    await waitForPresence(left, {
      online: users.slice(101),
      offline: users.slice(0, 100),
      deadlineMs: 30_000,
    });
    const told = (): Promise<number[]> =>
      Promise.all(
        [1, 2].map((i) => cluster.node(i).metric('route_presence_offline_grace_expired_total')),
      );
    await waitFor(async () => (await told()).reduce((sum, n) => sum + n) >= 100, {
      what: 'the lost users to be announced',
      deadlineMs: 30_000,
    });

    for (const port of redis.ports) {
      expect(await askServer(port, ['ACL', 'LOG'], ADMIN)).toEqual([]);
    }
    const called = new Set((await Promise.all(redis.ports.map(calledCommands))).flat());
    const needless = ALLOWED.filter((command) => !called.has(command));
    expect(needless.filter((command) => !unused.includes(command))).toEqual([]);
    expect(cluster.nodes.flatMap((node) => node.logsOf('redis-setting'))).toEqual([]);
  });
});
