import { makeCertificates } from '@route/fixtures';
import { RouteClient } from '@route/link-client';
import { expect, test } from 'vitest';
import { startRouteNode } from '../harness/index.ts';

test('a client with a certificate connects over TLS, and one without is refused', async () => {
  await using certificates = await makeCertificates();
  const [node, server] = [await certificates.issue('node'), await certificates.issue('msg-server')];
  await using route = await startRouteNode({
    env: {
      ROUTE_TLS_CERT: node.certFile,
      ROUTE_TLS_KEY: node.keyFile,
      ROUTE_TLS_CA: certificates.authority.certFile,
    },
  });
  const common = { addresses: [`${route.host}:${route.port}`], snapshot: () => [] };
  const ca = certificates.authority.cert;
  await using trusted = new RouteClient({
    ...common,
    tls: { ca, cert: server.cert, key: server.key },
  });
  trusted.connect();
  await trusted.writable();
  expect((await trusted.query([1])).stats).toHaveLength(1);

  await using stranger = new RouteClient({ ...common, tls: { ca } });
  const down = new Promise((resolve) => stranger.once('down', resolve));
  stranger.connect();
  // In TLS 1.3 the client is through before the node has judged its certificate, and what it hears
  // of the refusal is the system's affair.
  const refusals = /^(connect-failed|broken|closed-by-node)$/;
  expect(await down).toMatchObject({ reason: expect.stringMatching(refusals) });
});
