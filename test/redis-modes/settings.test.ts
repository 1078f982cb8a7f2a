import { startPrivateRedis } from '@route/fixtures';
import { expect, test } from 'vitest';
import { startRouteNode } from '../harness/index.ts';

test('warns of a Redis that would evict users and disconnect nodes, with the settings to change', async () => {
  await using redis = await startPrivateRedis({
    args: [
      ...['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'],
      ...['--client-output-buffer-limit', 'pubsub 1mb 512kb 5'],
    ],
  });
  await using node = await startRouteNode({
    env: { ROUTE_ENGINE: 'redis', REDIS_URL: redis.url },
  });
  await node.waitForLog('redis-setting', ({ problem }) => /noeviction/.test(String(problem)));
  const { problem } = await node.waitForLog('redis-setting', (line) =>
    /client-output-buffer-limit is pubsub 1048576 524288 5/.test(String(line['problem'])),
  );
  expect(problem).toContain('CONFIG SET client-output-buffer-limit "pubsub 16777216 8388608 60"');
});
