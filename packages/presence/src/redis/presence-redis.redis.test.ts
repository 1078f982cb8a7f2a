import { sharedRedisUrl, startPrivateRedis, uniqueNamespace, waitFor } from '@route/fixtures';
import { shardOf } from '@route/redis';
import { expect, test } from 'vitest';
import { client, queryOf, stateOf, updateOf } from '../testing/asking.ts';
import { startLiveNode } from '../testing/node.ts';
import { describePresence, type TestEngine } from '../testing/presence-suite.ts';
import { describeReading } from '../testing/reading-suite.ts';
import { readStored } from '../testing/stored.ts';
import { presenceKeys } from './keys.ts';

const open = async (): Promise<TestEngine> => {
  const namespace = uniqueNamespace();
  const node = await startLiveNode({ url: sharedRedisUrl(), namespace, offlineGraceMs: 100 });
  return {
    presence: node.presence,
    announced: async () => {
      await node.settled();
      const isNoneLost = async (): Promise<boolean> => {
        await node.lost.look();
        const keys = presenceKeys(namespace).map(({ pending }) => pending);
        return (await node.redis.exists(...keys)) === 0;
      };
      await waitFor(isNoneLost, { what: 'every grace to end' });
      return node.announced.map(({ userId }) => userId).toSorted((a, b) => a - b);
    },
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  };
};

describePresence('Redis', open);
describeReading('Redis', open);

const USER = 7;

test('a resync changes nothing', async () => {
  await using node = await startLiveNode({ url: sharedRedisUrl(), namespace: uniqueNamespace() });
  const { presence } = node;
  const link = node.newLink();
  presence.openLink(link, { standby: false });
  presence.addClients(link, [client(USER, 'windows', 'online'), client(8, 'ios', 'online')]);
  presence.resync();
  expect(await stateOf(presence, USER)).toBe('pc');
  expect(await stateOf(presence, 8)).toBe('mobile-only');
  expect(presence.userCount).toBe(2);
});

test('a snapshot does not overtake the updates that were made before it', async () => {
  const namespace = uniqueNamespace();
  const url = sharedRedisUrl();
  await using node = await startLiveNode({ url, namespace, maxOperationsPerCall: 1 });
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  node.presence.addClients(link, [client(USER, 'ios', 'online')]);
  for (let i = 0; i < 5; i++) void updateOf(node.presence, link, client(USER, 'mac', 'online'));
  node.presence.addClients(link, [client(USER, 'android', 'online')]);
  await node.settled();
  const { records } = await readStored(node.redis, namespace);
  expect(records).toEqual(new Map([[USER, [`${link}=m5i1a1`]]]));
});

test('a snapshot completes during a continuous stream of updates in the same shard', async () => {
  const namespace = uniqueNamespace();
  await using a = await startLiveNode({ url: sharedRedisUrl(), namespace });
  await using b = await startLiveNode({ url: sharedRedisUrl(), namespace });
  const link = a.newLink();
  a.presence.openLink(link, { standby: false });
  let goesOn = true;
  const waiter = {
    updated: () => {
      if (goesOn) a.presence.update(link, client(USER, 'ios', 'leave'), waiter);
    },
  };
  // Two streams: one update is queued whenever the call of the other ends.
  for (let i = 0; i < 2; i++) waiter.updated();
  const neighbours = Array.from({ length: 100_000 }, (_, id) => id).filter(
    (id) => id !== USER && shardOf(id) === shardOf(USER),
  );
  a.presence.addClients(
    link,
    neighbours.map((id) => client(id, 'windows', 'online')),
  );
  const seen = await waitFor(
    async () => {
      const online = await queryOf(b.presence, b.newLink(), neighbours);
      return !online.includes(0);
    },
    { what: 'another node to see the snapshot' },
  );
  expect(seen).toBe(true);
  goesOn = false;
  await a.settled();
});

test('500 repetitions of a list between updates cost fewer than 50 script calls', async () => {
  await using server = await startPrivateRedis();
  await using node = await startLiveNode({ url: server.url, namespace: uniqueNamespace() });
  const { presence, redis } = node;
  const link = node.newLink();
  presence.openLink(link, { standby: false });
  const isNear = (id: number): boolean => id !== USER && shardOf(id) === shardOf(USER);
  const neighbours = Array.from({ length: 10_000 }, (_, id) => id).filter(isNear);
  const list = neighbours.slice(0, 100).map((id) => client(id, 'windows', 'online'));
  await node.settled();
  await redis.config('RESETSTAT');
  for (let i = 0; i < 500; i++) {
    presence.addClients(link, list);
    void updateOf(presence, link, client(USER, 'ios', i % 2 === 0 ? 'online' : 'offline'));
  }
  await node.settled();
  const [, calls] = /cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats')) ?? [];
  expect(Number(calls)).toBeLessThan(50);
  expect(presence.userCount).toBe(list.length);
});
