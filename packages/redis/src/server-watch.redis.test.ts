import { askServer, type Cut, CutProxy, startPrivateRedis, waitFor } from '@route/fixtures';
import { expect, test, vi } from 'vitest';
import { createRedisClient, type RedisClient } from './client.ts';
import { serverOf } from './connector.ts';
import { readPrimaries } from './primaries.ts';
import { ServerWatch } from './server-watch.ts';
import type { RedisSettings } from './target.ts';

interface Connected extends Disposable {
  readonly client: RedisClient;
  readonly watch: ServerWatch;
  readonly errors: string[];
  readonly renewals: string[];
}

async function connect(url: string, options: Partial<RedisSettings> = {}): Promise<Connected> {
  const settings: RedisSettings = {
    target: { kind: 'single', url },
    commandTimeoutMs: 300,
    connectTimeoutMs: 300,
    silentMs: 300,
    connectionName: 'test',
    ...options,
  };
  const client = createRedisClient(settings);
  const errors: string[] = [];
  const renewals: string[] = [];
  client.on('error', (error: Error) => errors.push(error.message));
  const watch = new ServerWatch({
    client,
    settings,
    moveWithinMs: 200,
    now: () => performance.now(),
    renewed: (reason) => renewals.push(reason),
  });
  client.connect().catch(() => {}); // reported as an 'error' event
  if (options.target === undefined) await ready(client);
  return {
    client,
    watch,
    errors,
    renewals,
    [Symbol.dispose]: () => {
      watch.stop();
      client.disconnect();
    },
  };
}

/** Errors on the way, which `once` would not wait through, are looked at apart. */
async function ready(client: RedisClient): Promise<void> {
  await new Promise<void>((resolve) => client.once('ready', () => resolve()));
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function runIdOf(url: string): Promise<string> {
  const [info = ''] = await askServer(portOf(url), ['INFO', 'server']);
  return /run_id:(\w+)/.exec(info)?.[1] ?? '';
}

test('moves from a server that has become a replica to the server that the address names now', async () => {
  await using first = await startPrivateRedis();
  await using second = await startPrivateRedis();
  await using name = await CutProxy.to(first.url);
  using connected = await connect(name.url);
  const { client, watch, errors, renewals } = connected;
  expect(await readPrimaries(client)).toMatchObject([{ nodeId: await runIdOf(first.url) }]);
  // Demoted while the name still leads to it: new connections to it are refused.
  await askServer(portOf(first.url), ['REPLICAOF', '127.0.0.1', String(portOf(second.url))]);
  const refused = `READONLY the server has become a replica of 127.0.0.1:${portOf(second.url)}`;
  await expect(readPrimaries(client)).rejects.toThrow(refused);
  watch.failed(refused);
  expect(renewals).toEqual([refused]);
  const primary = `127.0.0.1:${portOf(second.url)}`;
  await waitFor(() => errors.find((e) => e.endsWith(`READONLY it is a replica of ${primary}`)), {
    what: 'a connection to the replica to be refused',
  });
  name.moveTo(second.url);
  await ready(client);
  expect(serverOf(client)).toEqual({ runId: await runIdOf(second.url) });
  expect(await readPrimaries(client)).toMatchObject([{ nodeId: await runIdOf(second.url) }]);
});

test('moves from a server that still answers when the address names another', async () => {
  await using first = await startPrivateRedis();
  await using second = await startPrivateRedis();
  await using name = await CutProxy.to(first.url);
  using connected = await connect(name.url);
  const { client, watch, renewals } = connected;
  watch.start();
  name.moveTo(second.url);
  await ready(client);
  expect(serverOf(client)).toEqual({ runId: await runIdOf(second.url) });
  expect(renewals).toEqual([expect.stringContaining('leads to another server')]);
});

test.each([1_000, 2_000, 300_000])(
  'leaves a server that the address no longer leads to within %i ms',
  async (moveWithinMs) => {
    await using redis = await startPrivateRedis();
    using connected = await connect(redis.url);
    const { client } = connected;
    const renewals: string[] = [];
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const watch = new ServerWatch({
        client,
        settings: {
          target: { kind: 'single', url: redis.url },
          commandTimeoutMs: 300,
          connectTimeoutMs: 300,
          connectionName: 'test',
        },
        moveWithinMs,
        now: () => performance.now(),
        ask: async () => 'other',
        renewed: (reason) => renewals.push(reason),
      });
      watch.start();
      await vi.advanceTimersByTimeAsync(Math.min(moveWithinMs, 6_000) - 1);
      watch.stop();
    } finally {
      vi.useRealTimers();
    }
    expect(renewals).toEqual([expect.stringContaining('leads to another server')]);
  },
);

test('a name that alternates between two servers does not move the client', async () => {
  const answers = ['other', undefined, 'other', 'another', 'other', 'another'];
  await using redis = await startPrivateRedis();
  const settings: RedisSettings = {
    target: { kind: 'single', url: redis.url },
    commandTimeoutMs: 1000,
    connectTimeoutMs: 1000,
    connectionName: 'test',
  };
  const client = createRedisClient(settings);
  client.on('error', () => {});
  await client.connect();
  const renewals: string[] = [];
  const asked = Promise.withResolvers<void>();
  const watch = new ServerWatch({
    client,
    settings,
    moveWithinMs: 2,
    now: () => performance.now(),
    ask: async () => {
      if (answers.length === 0) asked.resolve();
      return answers.shift();
    },
    renewed: (reason) => renewals.push(reason),
  });
  watch.start();
  await asked.promise;
  watch.stop();
  client.disconnect();
  expect(renewals).toEqual([]);
});

test.each<Cut>(['both', 'to-redis', 'from-redis'])(
  'replaces a connection that goes silent (%s) within a second',
  async (cut) => {
    await using redis = await startPrivateRedis();
    await using network = await CutProxy.to(redis.url);
    using connected = await connect(network.url);
    const { client, errors } = connected;
    network.forget(cut);
    const begunMs = performance.now();
    await expect(client.ping()).rejects.toThrow();
    await ready(client);
    expect(performance.now() - begunMs).toBeLessThan(1000);
    expect(errors).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+: Socket timeout/)]);
    expect(await client.ping()).toBe('PONG');
  },
);

test('reconnects every few seconds while Redis refuses the client', async () => {
  await using redis = await startPrivateRedis();
  using connected = await connect(redis.url);
  const { client, renewals } = connected;
  const settings: RedisSettings = {
    target: { kind: 'single', url: redis.url },
    commandTimeoutMs: 1000,
    connectTimeoutMs: 1000,
    connectionName: 'test',
  };
  let nowMs = 0;
  const watch = new ServerWatch({
    client,
    settings,
    moveWithinMs: 10_000,
    now: () => nowMs,
    renewed: (reason) => renewals.push(reason),
  });
  const fail = (): void => watch.failed("OOM command not allowed when used memory > 'maxmemory'.");
  for (; nowMs < 5000; nowMs += 250) fail();
  expect(renewals).toEqual([]);
  watch.succeeded();
  for (; nowMs < 10_000; nowMs += 250) fail();
  expect(renewals).toEqual([]);
  fail();
  expect(renewals).toHaveLength(1);
});

test('reads the password for each connection, so that the next one uses a changed password', async () => {
  await using redis = await startPrivateRedis();
  let password = 'first';
  const port = portOf(redis.url);
  const urlOf = (): string => `redis://:${password}@127.0.0.1:${port}`;
  await askServer(port, ['CONFIG', 'SET', 'requirepass', 'first']);
  using connected = await connect(urlOf(), {
    currentTarget: () => ({ kind: 'single', url: urlOf() }),
  });
  const { client, errors } = connected;
  const admin = { password: 'first' };
  await askServer(port, ['CONFIG', 'SET', 'requirepass', 'second'], admin);
  await askServer(port, ['CLIENT', 'KILL', 'TYPE', 'normal'], { password: 'second' });
  await waitFor(() => errors.some((error) => error.startsWith('WRONGPASS')), {
    what: 'Redis to refuse the old password',
  });
  password = 'second';
  await ready(client);
  expect(await client.ping()).toBe('PONG');
});

test('reports an address without a server, with the address', async () => {
  const url = 'redis://127.0.0.1:1';
  using connected = await connect(url, { target: { kind: 'single', url } });
  await waitFor(() => connected.errors.length > 1, { what: 'a second attempt' });
  expect(connected.errors[0]).toBe('connect ECONNREFUSED 127.0.0.1:1');
});
