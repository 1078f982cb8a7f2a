import { createServer } from 'node:net';
import { CutProxy, startPrivateRedis, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { startRouteNode } from '../harness/index.ts';

const DEADLINE_MS = 20_000;

/** A server that sends the same bytes whatever it is sent. */
async function answering(bytes: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `redis://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

test.each([':0\r\n', '$-1\r\n', '*-1\r\n', '>2\r\n:0\r\n:0\r\n', '+OK\r\n'])(
  'a server that answers %j in place of Redis does not end the node, which is ready when Redis is back',
  async (bytes) => {
    await using redis = await startPrivateRedis();
    await using wrong = await answering(bytes);
    await using proxy = await CutProxy.to(redis.url);
    await using node = await startRouteNode({
      env: { ROUTE_ENGINE: 'redis', REDIS_URL: proxy.url },
    });
    await waitFor(() => node.ready(), { deadlineMs: DEADLINE_MS, what: 'the node to be ready' });
    proxy.moveTo(wrong.url);
    await redis.kill();
    await waitFor(async () => !(await node.ready()), {
      deadlineMs: DEADLINE_MS,
      what: 'the node to be unready',
    });
    // Long enough for several attempts of each connection.
    const until = performance.now() + 3000;
    await waitFor(() => performance.now() > until, { deadlineMs: DEADLINE_MS, what: 'attempts' });
    expect(node.isRunning).toBe(true);
    // In brackets is the cause: the server's answer, or the lost connection.
    expect(await (await fetch(`${node.adminUrl}/readyz`)).text()).toMatch(
      /"redis":"[^"]+: Redis [^"(]+ \([^")]+\)/,
    );
    await redis.startAgain();
    proxy.moveTo(redis.url);
    await waitFor(() => node.ready(), { deadlineMs: DEADLINE_MS, what: 'the node to be ready' });
  },
  60_000,
);
