import { askServer, type PrivateRedisServer, startPrivateRedis, waitFor } from '@route/fixtures';
import { REDIS_PROBLEMS, type RedisProblemCode } from '@route/redis';
import { expect, test } from 'vitest';
import { type RouteNode, startRouteNode } from '../harness/index.ts';

const USER = { username: 'node', password: 'of-the-node' };
const DEADLINE_MS = 20_000;

interface Refusal {
  readonly code: RedisProblemCode;
  refuse(redis: PrivateRedisServer): Promise<unknown>;
  allow(redis: PrivateRedisServer): Promise<unknown>;
}

const ask = (redis: PrivateRedisServer, ...command: string[]): Promise<string[]> =>
  askServer(redis.port, command);

/** Restarts Redis with data that takes minutes to load, until a setting speeds up loading. */
async function loadSlowly(redis: PrivateRedisServer): Promise<void> {
  expect(await ask(redis, 'DEBUG', 'POPULATE', '100000')).toEqual(['OK']);
  expect(await ask(redis, 'SAVE')).toEqual(['OK']);
  await redis.kill();
  // It answers once it has loaded; a failed start shows in the assertions on the node.
  void redis.startAgain().catch(() => {});
}

const REFUSALS: readonly Refusal[] = [
  {
    code: 'WRONGPASS',
    refuse: async (redis) => {
      await ask(redis, 'ACL', 'SETUSER', USER.username, 'off');
      await ask(redis, 'CLIENT', 'KILL', 'USER', USER.username);
    },
    allow: (redis) => ask(redis, 'ACL', 'SETUSER', USER.username, 'on'),
  },
  {
    code: 'NOPERM',
    refuse: (redis) => ask(redis, 'ACL', 'SETUSER', USER.username, '-evalsha', '-eval'),
    allow: (redis) => ask(redis, 'ACL', 'SETUSER', USER.username, '+evalsha', '+eval'),
  },
  {
    code: 'READONLY',
    refuse: (redis) => ask(redis, 'REPLICAOF', '127.0.0.1', '1'),
    allow: (redis) => ask(redis, 'REPLICAOF', 'NO', 'ONE'),
  },
  {
    code: 'BUSY',
    refuse: async (redis) => {
      await ask(redis, 'CONFIG', 'SET', 'busy-reply-threshold', '100');
      // It does not return before it is killed.
      void askServer(redis.port, ['EVAL', 'while true do end', '0']).catch(() => {});
    },
    allow: (redis) => ask(redis, 'SCRIPT', 'KILL'),
  },
  {
    code: 'LOADING',
    refuse: loadSlowly,
    allow: (redis) => ask(redis, 'CONFIG', 'SET', 'key-load-delay', '0'),
  },
];

async function readyText(node: RouteNode): Promise<string> {
  const response = await fetch(`${node.adminUrl}/readyz`);
  return response.status === 503 ? await response.text() : '';
}

test.each(REFUSALS)(
  'a node reports in /readyz and its log that Redis refuses with $code, and is ready when that ends',
  async ({ code, refuse, allow }) => {
    const { username, password } = USER;
    await using redis = await startPrivateRedis({
      args: [
        // Not by ACL SETUSER: a restarted server would not know the user.
        ...['--user', username, 'on', `>${password}`, '~*', '&*', '+@all'],
        ...['--key-load-delay', '2000', '--loading-process-events-interval-bytes', '1024'],
        ...['--enable-debug-command', 'yes'],
      ],
    });
    await using node = await startRouteNode({
      env: {
        ROUTE_ENGINE: 'redis',
        REDIS_URL: `redis://${username}:${password}@127.0.0.1:${redis.port}`,
        REDIS_CONNECT_TIMEOUT_MS: '1000',
        REDIS_COMMAND_TIMEOUT_MS: '500',
      },
    });
    await refuse(redis);
    const { meaning, advice } = REDIS_PROBLEMS[code];
    await waitFor(
      async () => {
        const text = await readyText(node);
        return text.includes(meaning) && text.includes(advice);
      },
      { what: `/readyz to contain "${meaning}"`, deadlineMs: DEADLINE_MS },
    );
    // One line every ten seconds: the first may report the connection lost before.
    const { advice: logged } = await node.waitForLog(
      'redis-error',
      (line) => line['code'] === code,
      DEADLINE_MS,
    );
    expect(logged).toBe(advice);
    await allow(redis);
    await waitFor(() => node.ready(), { what: 'the node to be ready', deadlineMs: DEADLINE_MS });
  },
);

test('logs what the Redis client prints, such as that it may not read INFO, as library-message', async () => {
  const { username, password } = USER;
  await using redis = await startPrivateRedis({
    args: ['--user', username, 'on', `>${password}`, '~*', '&*', '+@all', '-info'],
  });
  await using node = await startRouteNode({
    env: {
      ROUTE_ENGINE: 'redis',
      REDIS_URL: `redis://${username}:${password}@127.0.0.1:${redis.port}`,
    },
  });
  const { text } = await node.waitForLog('library-message');
  expect(text).toContain('INFO');
  expect(node.otherOutput).toEqual([]);
});
