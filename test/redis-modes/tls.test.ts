import { makeCertificates, startRedisProcess } from '@route/fixtures';
import { findFreePort } from '@route/local-cluster';
import { expect, test } from 'vitest';
import { GOLDEN_ENV, goldenSuite } from '../golden/golden-suite.ts';
import { startCluster, startRouteNode } from '../harness/index.ts';

/** A Redis that takes encrypted connections only, of those who show a certificate of its authority. */
async function startTlsRedis() {
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
    url: `rediss://127.0.0.1:${port}`,
    authorityFile: certificates.authority.certFile,
    client,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

goldenSuite('three nodes that reach Redis by TLS, with certificates of their own,', async () => {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startTlsRedis());
  const env = {
    ...GOLDEN_ENV,
    REDIS_TLS_CA: redis.authorityFile,
    REDIS_TLS_CERT: redis.client.certFile,
    REDIS_TLS_KEY: redis.client.keyFile,
  };
  const { nodes } = stack.use(await startCluster({ nodes: 3, redisUrl: redis.url, env }));
  const owned = stack.move();
  return { nodes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
});

test('a node that does not know Redis’s authority does not trust it, and says so', async () => {
  await using redis = await startTlsRedis();
  await using node = await startRouteNode({
    env: {
      ROUTE_ENGINE: 'redis',
      REDIS_URL: redis.url,
      REDIS_TLS_CERT: redis.client.certFile,
      REDIS_TLS_KEY: redis.client.keyFile,
    },
    waitUntilReady: false,
  });
  const { problem } = await node.waitForLog('redis-error');
  expect(problem).toMatch(/certificate/);
  expect(await node.ready()).toBe(false);
});
