import { afterEach, expect, test, vi } from 'vitest';
import {
  findRedis,
  REDIS_WAYS,
  type RedisAttempt,
  type RedisWay,
  redisFromApt,
  redisFromContainer,
  redisFromPath,
  redisFromUrl,
} from './redis-source.ts';

afterEach(() => vi.unstubAllEnvs());

const silent = (): void => {};

function found(url: string): RedisAttempt {
  return { found: { url, description: url, stop: async () => {} } };
}

/** A source that records that it was tried. */
function way(asked: string[], name: string, attempt: RedisAttempt): RedisWay {
  return async () => {
    asked.push(name);
    return attempt;
  };
}

test('tries the cheapest source first', () => {
  expect(REDIS_WAYS).toEqual([redisFromUrl, redisFromPath, redisFromContainer, redisFromApt]);
});

test('the first way that gives a Redis ends the search', async () => {
  const asked: string[] = [];
  const search = await findRedis(silent, [
    way(asked, 'first', { missing: 'not here' }),
    way(asked, 'second', found('redis://second')),
    way(asked, 'third', found('redis://third')),
  ]);
  expect(asked).toEqual(['first', 'second']);
  expect(search).toMatchObject({ found: { url: 'redis://second' } });
});

test('a search without success has the reason of every way', async () => {
  const search = await findRedis(silent, [
    way([], 'first', { missing: 'no program' }),
    way([], 'second', { missing: 'no engine' }),
  ]);
  expect(search).toEqual({ missing: ['no program', 'no engine'] });
});

test('does not replace a Redis given by name with another', async () => {
  const asked: string[] = [];
  const search = await findRedis(silent, [
    way(asked, 'first', { refused: 'nothing answers' }),
    way(asked, 'second', found('redis://second')),
  ]);
  expect(search).toEqual({ refused: 'nothing answers' });
  expect(asked).toEqual(['first']);
});

test('continues without REDIS_URL', async () => {
  vi.stubEnv('REDIS_URL', '');
  expect(await redisFromUrl()).toEqual({ missing: 'REDIS_URL is not set' });
});

test.each(['localhost:6379', 'http://localhost', 'not a url'])(
  'an invalid REDIS_URL is refused: %s',
  async (url) => {
    vi.stubEnv('REDIS_URL', url);
    expect(await redisFromUrl()).toMatchObject({ refused: expect.stringContaining(url) });
  },
);

test('a REDIS_URL where nothing answers is refused without showing its password', async () => {
  // Nothing listens on port 1, and no unprivileged program can.
  vi.stubEnv('REDIS_URL', 'redis://user:hunter2@127.0.0.1:1');
  const attempt = await redisFromUrl();
  expect(attempt).toMatchObject({ refused: expect.stringContaining('redis://127.0.0.1:1') });
  expect(JSON.stringify(attempt)).not.toContain('hunter2');
});

test('continues without a redis-server on the PATH', async () => {
  vi.stubEnv('PATH', '/nowhere');
  expect(await redisFromPath()).toEqual({
    missing: 'no redis-server or valkey-server on the PATH',
  });
});

test('continues without a container client', async () => {
  vi.stubEnv('PATH', '/nowhere');
  expect(await redisFromContainer(silent)).toEqual({
    missing: 'no container engine answers (docker info)',
  });
});
