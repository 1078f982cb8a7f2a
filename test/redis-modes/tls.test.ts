import { makeCertificates, startRedisProcess } from '@route/fixtures';
import { findFreePort } from '@route/local-cluster';
import { expect, test } from 'vitest';
import { goldenSuite } from '../golden/golden-suite.ts';
import { startRouteNode } from '../harness/index.ts';
import { type ReachedRedis, startNodesOn } from './nodes-on.ts';

/** A Redis that accepts only TLS connections with a client certificate of its authority. */
async function startTlsRedis(): Promise<ReachedRedis> {
  await using stack = new AsyncDisposableStack();
  const certificates = stack.use(await makeCertificates());
  const server = await certificates.issue('redis');
  const client = await certificates.issue('node');
  const port = await findFreePort();
  stack.use(
    await startRedisProcess({
      port,
      files: {
        'server.crt': server.cert,
        'server.key': server.key,
        'ca.crt': certificates.authority.cert,
      },
      config: (directory) => [
        ...['port 0', `tls-port ${port}`, 'bind 127.0.0.1', 'save ""', `dir ${directory}`],
        `tls-cert-file ${directory}/server.crt`,
        `tls-key-file ${directory}/server.key`,
        `tls-ca-cert-file ${directory}/ca.crt`,
        'tls-auth-clients yes',
      ],
    }),
  );
  const owned = stack.move();
  return {
    env: {
      REDIS_URL: `rediss://127.0.0.1:${port}`,
      REDIS_TLS_CA: certificates.authority.certFile,
      REDIS_TLS_CERT: client.certFile,
      REDIS_TLS_KEY: client.keyFile,
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

goldenSuite('three nodes that reach Redis by TLS, with certificates of their own,', () =>
  startNodesOn(startTlsRedis),
);

test('a node that does not know the authority of Redis refuses to trust it, and reports that', async () => {
  await using redis = await startTlsRedis();
  await using node = await startRouteNode({
    env: { ROUTE_ENGINE: 'redis', ...redis.env, REDIS_TLS_CA: '' },
    waitUntilReady: false,
  });
  const { problem } = await node.waitForLog('redis-error');
  expect(problem).toMatch(/certificate/);
  expect(await node.ready()).toBe(false);
});
