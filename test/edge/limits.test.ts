import { expect, test } from 'vitest';
import { connectTo, openLink, startRouteNode, TestLink, within } from '../harness/index.ts';
import { openProxied, proxyHeader, refused } from './connections.ts';

test('accepts links only from the allowed networks', async () => {
  await using node = await startRouteNode({ env: { ROUTE_ALLOW: '10.0.0.0/8,fd00::/8' } });
  await using link = await openLink(node);
  await within(link.closedByServer, { what: 'the connection to be closed' });
  expect(await refused(node, 'not-allowed')).toMatchObject({ peer: link.address });

  await using open = await startRouteNode({ env: { ROUTE_ALLOW: '10.0.0.0/8,127.0.0.0/8' } });
  await using taken = await openLink(open);
  await taken.known();
});

test('behind a load balancer, the address in the PROXY header must be allowed', async () => {
  await using node = await startRouteNode({
    env: { ROUTE_ALLOW: '10.1.0.0/16', ROUTE_PROXY_PROTOCOL: '1' },
  });
  await using ours = await openProxied(node, { ip: [10, 1, 2, 3], port: 4001 });
  await ours.known();
  await using others = await openProxied(node, { ip: [10, 2, 2, 3], port: 4001 });
  await within(others.closedByServer, { what: 'the connection to be closed' });
  expect(await refused(node, 'not-allowed')).toMatchObject({ peer: '10.2.2.3:4001' });
});

test('a node refuses links above ROUTE_MAX_LINKS until one of them ends', async () => {
  await using node = await startRouteNode({ env: { ROUTE_MAX_LINKS: '2' } });
  await using first = await openLink(node);
  await using second = await openLink(node);
  await Promise.all([first.known(), second.known()]);
  await using third = await openLink(node);
  await within(third.closedByServer, { what: 'the third link to be refused' });
  await refused(node, 'too-many-links');

  await second.close();
  await node.waitForMetric('route_links', (links) => links === 1);
  await using fourth = await openLink(node);
  await fourth.known();
  await first.known();
});

test('refuses links above the limit of one address, as reported by the load balancer', async () => {
  await using node = await startRouteNode({
    env: { ROUTE_MAX_LINKS_PER_ADDRESS: '1', ROUTE_PROXY_PROTOCOL: '1' },
  });
  await using first = await openProxied(node, { ip: [10, 1, 2, 3], port: 4001 });
  await first.known();
  await using again = await openProxied(node, { ip: [10, 1, 2, 3], port: 4002 });
  await within(again.closedByServer, { what: 'the second link to be refused' });
  await refused(node, 'too-many-links-of-address');
  await using another = await openProxied(node, { ip: [10, 1, 2, 4], port: 4001 });
  await another.known();

  await first.close();
  await node.waitForMetric('route_links', (links) => links === 1);
  await using back = await openProxied(node, { ip: [10, 1, 2, 3], port: 4003 });
  await back.known();
});

test('refuses connections above the limit of handshakes', async () => {
  await using node = await startRouteNode({
    env: { ROUTE_MAX_HANDSHAKES: '1', ROUTE_PROXY_PROTOCOL: '1' },
  });
  const header = proxyHeader({ ip: [10, 1, 2, 3], port: 4001 });
  await using first = new TestLink(await connectTo(node));
  first.sendRaw(header.subarray(0, 3));
  await node.waitForMetric('route_handshakes', (count) => count === 1);
  await using second = new TestLink(await connectTo(node));
  await within(second.closedByServer, { what: 'the second connection to be refused' });
  await refused(node, 'too-many-handshakes');

  first.sendRaw(header.subarray(3));
  await first.known();
  await using third = await openProxied(node, { ip: [10, 1, 2, 3], port: 4002 });
  await third.known();
});

test('repeated refusals are all counted, and logged at intervals', async () => {
  await using node = await startRouteNode({ env: { ROUTE_ALLOW: '10.0.0.0/8' } });
  for (let i = 0; i < 20; i++) {
    await using link = await openLink(node);
    await within(link.closedByServer, { what: 'the connection to be closed' });
  }
  await refused(node, 'not-allowed', 20);
  expect(node.logsOf('connection-refused').length).toBeLessThan(5);
});
