import { makeCertificates, startClusterRedis } from '@route/fixtures';
import { expect, test } from 'vitest';
import { createRedisClient, createServerClient, type RedisClient } from './client.ts';
import { readPrimaries } from './primaries.ts';
import { errorText, redisProblem } from './problems.ts';
import { SlotOwner } from './slot-owner.ts';
import type { ClusterTarget, RedisSettings } from './target.ts';

/** Whether every part of a client reaches a cluster. */
async function useCluster(target: ClusterTarget): Promise<void> {
  const settings = settingsOf(target);
  const client = createRedisClient(settings);
  client.on('error', () => {}); // the first attempt decides
  try {
    await client.connect();
    expect(await readPrimaries(client)).toMatchObject([
      { first: 0, last: 5460 },
      { first: 5461, last: 10_921 },
      { first: 10_922, last: 16_383 },
    ]);
    for (const key of ['a', 'b', 'c', 'd', 'e']) await client.exists(key);
    const channelOwner = await new SlotOwner(settings, target, '{route:bus}').find();
    const server = createServerClient(settings, channelOwner);
    server.on('error', () => {});
    await server.connect();
    await server.ssubscribe('{route:bus}');
    server.disconnect();
  } finally {
    client.disconnect();
  }
}

function settingsOf(target: ClusterTarget): RedisSettings {
  return { target, commandTimeoutMs: 2000, connectTimeoutMs: 2000, connectionName: 'test' };
}

async function firstError(client: RedisClient): Promise<Error> {
  const error = new Promise<Error>((resolve) => client.on('error', resolve));
  client.connect().catch(() => {}); // reported as an 'error' event
  try {
    return await error;
  } finally {
    client.disconnect();
  }
}

test('connects to a Redis Cluster with TLS by names, where certificates contain only names', async () => {
  await using certificates = await makeCertificates();
  const { cert, key } = await certificates.issue('node', 'DNS:localhost');
  const ca = certificates.authority.cert;
  await using cluster = await startClusterRedis({ tls: { ca, cert, key }, announced: 'localhost' });
  const { target } = cluster;
  if (target.kind !== 'cluster') throw new Error('no cluster');
  await useCluster(target);

  // The error of the queried node is reported, with its address.
  const untrusting = createRedisClient(settingsOf({ ...target, tls: {} }));
  const problem = redisProblem(await firstError(untrusting));
  expect(problem.code).toBe('certificate');
  expect(problem.said).toMatch(/localhost:\d+: .*certificate/);
  const byAddress = target.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  const misnamed = createRedisClient(settingsOf({ ...target, nodes: byAddress }));
  expect(errorText(await firstError(misnamed))).toMatch(
    /127\.0\.0\.1:\d+: .*does not match certificate's altnames/,
  );
});

test('connects to a Redis Cluster with unreachable announced addresses by a map', async () => {
  await using cluster = await startClusterRedis({ announced: 'inside.invalid' });
  const { target } = cluster;
  if (target.kind !== 'cluster') throw new Error('no cluster');
  const addressMap = new Map(
    target.nodes.map((node) => [`inside.invalid:${node.port}`, node] as const),
  );
  await useCluster({ ...target, addressMap });

  const announced = await new SlotOwner(settingsOf(target), target, '{route:bus}').find();
  expect(announced.host).toBe('inside.invalid');
});

test('reports a Redis Cluster that rejects the client, with the node that was queried', async () => {
  await using cluster = await startClusterRedis();
  const { target } = cluster;
  if (target.kind !== 'cluster') throw new Error('no cluster');
  const account = { username: 'nobody', password: 'wrong' };
  const problem = redisProblem(
    await firstError(createRedisClient(settingsOf({ ...target, account }))),
  );
  expect(problem.code).toBe('WRONGPASS');
  expect(problem.said).toMatch(/127\.0\.0\.1:\d+: WRONGPASS/);
  await cluster[Symbol.asyncDispose]();
  const away = redisProblem(await firstError(createRedisClient(settingsOf(target))));
  expect(away.code).toBe('unreachable');
  expect(away.said).toMatch(/ECONNREFUSED 127\.0\.0\.1:\d+/);
});
