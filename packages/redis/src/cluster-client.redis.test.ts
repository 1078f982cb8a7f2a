import { setTimeout } from 'node:timers/promises';
import {
  askServer,
  findFreePorts,
  SlotMove,
  startClusterRedis,
  startRedisProcess,
  waitFor,
} from '@route/fixtures';
import { Cluster } from 'ioredis';
import { expect, test } from 'vitest';
import { createRedisClient, type RedisClient } from './client.ts';
import { hasTakenOver, onServerGone, readPrimaries } from './primaries.ts';
import { errorText, redisProblem } from './problems.ts';
import type { RedisSettings, RedisTarget } from './target.ts';

const SETTINGS = { commandTimeoutMs: 1000, connectTimeoutMs: 500, connectionName: 'test' };

interface Connected extends Disposable {
  readonly client: RedisClient;
  readonly errors: string[];
}

async function connect(target: RedisTarget): Promise<Connected> {
  const settings: RedisSettings = { ...SETTINGS, target };
  const client = createRedisClient(settings);
  const errors: string[] = [];
  client.on('error', (error: Error) => errors.push(errorText(error)));
  await client.connect();
  return { client, errors, [Symbol.dispose]: () => client.disconnect() };
}

test('a redirection that arrives after a disconnect does not keep a client from connecting', async () => {
  await using cluster = await startClusterRedis();
  using connected = await connect(cluster.target);
  const { client, errors } = connected;
  await using move = await SlotMove.of('moved', cluster.primaries);
  await client.exists('moved');
  await move.end();
  // A node that was never connected would end at once.
  await Promise.all(client instanceof Cluster ? client.nodes().map((node) => node.ping()) : []);
  const moved = client.exists('moved').catch(errorText);
  client.disconnect(true);
  await waitFor(() => client.status === 'ready', {
    deadlineMs: 10_000,
    what: 'the client to be ready',
  });
  expect(await moved).toMatch(/^Cluster isn't ready/);
  // At once, and not only when its owner was told that it is stuck.
  expect(errors).toEqual([]);
  expect(await client.exists('moved')).toBe(0);
}, 60_000);

test('a client that stops on its way to a connection says so, and is connected anew', async () => {
  await using cluster = await startClusterRedis();
  using connected = await connect(cluster.target);
  const { client, errors } = connected;
  // As if the library had not planned an attempt.
  client.removeAllListeners('close');
  client.disconnect(true);
  await waitFor(() => errors.length > 0, { what: 'an error' });
  expect(errors[0]).toMatch(/^not ready after \d s: close$/);
  expect(redisProblem(errors[0]).code).toBe('timeout');
  await waitFor(() => client.status === 'ready', { what: 'the client to be ready' });
}, 60_000);

test('a client of a cluster that is not whole says so for as long as it lasts', async () => {
  const [port = 0] = await findFreePorts(1);
  await using _server = await startRedisProcess({
    port,
    config: (directory) => [
      `port ${port}`,
      'bind 127.0.0.1',
      'cluster-enabled yes',
      `dir ${directory}`,
    ],
  });
  const addSlot = async (): Promise<boolean> =>
    (await askServer(port, ['CLUSTER', 'ADDSLOTS', '0'])).join() === 'OK';
  await waitFor(addSlot, { what: 'the server to have a slot' });
  const nodes = [{ host: '127.0.0.1', port }];
  const client = createRedisClient({
    ...SETTINGS,
    target: { kind: 'cluster', nodes, account: {} },
  });
  const errors: string[] = [];
  client.on('error', (error: Error) => errors.push(errorText(error)));
  client.connect().catch(() => {});
  try {
    await waitFor(() => errors.length >= 2, { deadlineMs: 15_000, what: 'two errors' });
    expect(errors.map((error) => redisProblem(error).code)).toEqual(['CLUSTERDOWN', 'CLUSTERDOWN']);
  } finally {
    client.disconnect();
  }
}, 30_000);

test('a command waits while its slot is being moved, and says so if that does not end', async () => {
  await using cluster = await startClusterRedis();
  using connected = await connect(cluster.target);
  const { client } = connected;
  const [left, right] = ['{slot}left', '{slot}right'];
  await using move = await SlotMove.of(left, cluster.primaries);
  await client.set(left, 1);
  await client.set(right, 2);
  await move.begin();
  await move.moveKeys([left]);
  // Each node has one of the two keys.
  const refused = errorText(await client.exists(left, right).catch((error: unknown) => error));
  expect(redisProblem(refused).code).toBe('TRYAGAIN');
  // A key that has been moved is asked for where it is.
  expect(await client.get(left)).toBe('1');
  const waiting = client.exists(left, right);
  await setTimeout(200);
  await move.moveKeys([right]);
  await move.end();
  expect(await waiting).toBe(2);
}, 60_000);

test('a user without the right to follow a moved key is told which right', async () => {
  const config = ['user default on nopass ~* &* +@all', 'user poor on nopass ~* &* +@all -asking'];
  await using cluster = await startClusterRedis({ config });
  const { target } = cluster;
  if (target.kind !== 'cluster') throw new Error('no cluster');
  const account = { username: 'poor', password: 'any' };
  using connected = await connect({ ...target, account });
  const { client, errors } = connected;
  await using move = await SlotMove.of('moved', cluster.primaries);
  await client.set('moved', 1);
  await move.begin();
  await move.moveKeys(['moved']);
  await expect(client.get('moved')).rejects.toThrow();
  expect(errors.map((error) => redisProblem(error).code)).toContain('NOPERM');
}, 60_000);

test('a primary that gives its last slot away, or gets its first, is no takeover', async () => {
  await using cluster = await startClusterRedis({ config: ['cluster-allow-replica-migration no'] });
  using connected = await connect(cluster.target);
  const { client } = connected;
  await using move = await SlotMove.of('any', cluster.primaries);
  let before = await readPrimaries(client);
  let gone = 0;
  const stop = onServerGone(client, () => {
    gone += 1;
  });
  const removed = new Promise<void>((resolve) => client.once('-node', () => resolve()));
  await move.move(move.slots);
  await removed;
  let after = await readPrimaries(client);
  expect(after.map(({ nodeId }) => nodeId)).not.toContain(move.fromId);
  expect(hasTakenOver(before, after)).toBe(false);
  before = after;
  await move.back().move([move.slot]);
  // The client finds the primary although it has known none there for a while.
  after = await readPrimaries(client);
  expect(after).toContainEqual(
    expect.objectContaining({ first: move.slot, last: move.slot, nodeId: move.fromId }),
  );
  expect(hasTakenOver(before, after)).toBe(false);
  stop();
  expect(gone).toBe(0);
}, 60_000);
