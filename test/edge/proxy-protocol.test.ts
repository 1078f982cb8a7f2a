import { encodeMessage } from '@route/protocol';
import { expect, test } from 'vitest';
import { numberedPdu } from '../cluster/numbered-messages.ts';
import { connectTo, type RouteNode, startRouteNode, TestLink, within } from '../harness/index.ts';
import {
  type Client,
  connectFrom,
  LOCAL_HEADER,
  openProxied,
  proxyHeader,
  refused,
  UNSPECIFIED_HEADER,
} from './connections.ts';

const ALICE: Client = { ip: [10, 1, 2, 3], port: 4001 };
const BOB: Client = { ip: [10, 1, 2, 4], port: 4002 };
const IPV6: Client = { ip: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7], port: 4003 };

async function startBehindProxy(env: Record<string, string> = {}): Promise<RouteNode> {
  return await startRouteNode({ env: { ROUTE_PROXY_PROTOCOL: '1', ...env } });
}

test('a link’s peer is the msg_server’s own address, IPv4 or IPv6', async () => {
  await using node = await startBehindProxy();
  await using alice = await openProxied(node, ALICE);
  await alice.known();
  await using distant = await openProxied(node, IPV6);
  await distant.known();
  await node.waitForLog('link-opened', ({ peer }) => peer === '10.1.2.3:4001');
  await node.waitForLog('link-opened', ({ peer }) => peer === '[2001:db8::7]:4003');
  await alice.close();
  await node.waitForLog('link-closed', ({ peer }) => peer === '10.1.2.3:4001');
});

test('bytes after the header arrive unchanged, in one segment or in many', async () => {
  await using node = await startBehindProxy();
  await using bob = await openProxied(node, BOB);
  await bob.known();
  const pdus = [1, 2, 3].map((n) => numberedPdu(7, n));

  await using together = new TestLink(await connectTo(node));
  together.sendRaw(Buffer.concat([proxyHeader(ALICE), ...pdus]));
  expect((await bob.waitForPdus(3)).map(({ bytes }) => bytes)).toEqual(pdus);

  await using apart = new TestLink(await connectTo(node));
  await apart.sendByteByByte(Buffer.concat([proxyHeader(ALICE), ...pdus]));
  expect((await bob.waitForPdus(6)).slice(3).map(({ bytes }) => bytes)).toEqual(pdus);
});

test('relays PDUs of a msg_server that sends and closes at once', async () => {
  await using node = await startBehindProxy();
  await using bob = await openProxied(node, BOB);
  await bob.known();
  const socket = await connectTo(node);
  socket.end(Buffer.concat([proxyHeader(ALICE), numberedPdu(7, 1)]));
  await bob.waitForPdus(1);
  socket.destroy();
  await node.waitForLog('link-closed', ({ reason }) => reason === 'peer-closed');
});

test('a connection without a header, or with a wrong one, is closed and counted; the others stay', async () => {
  await using node = await startBehindProxy();
  await using bob = await openProxied(node, BOB);
  await bob.known();

  await using plain = new TestLink(await connectTo(node));
  plain.send(encodeMessage('role_set', { master: 1 }));
  await within(plain.closedByServer, { what: 'the connection without a header to be closed' });
  const line = await refused(node, 'proxy-header-wrong');
  expect(line).toMatchObject({
    peer: plain.address,
    problem: expect.stringContaining('begins with'),
  });

  await using inWords = new TestLink(await connectTo(node));
  inWords.sendRaw(Buffer.from('PROXY TCP4 10.1.2.3 10.0.0.1 4001\r\n'));
  await within(inWords.closedByServer, { what: 'the header of version 1 to be refused' });
  await refused(node, 'proxy-header-wrong', 2);

  await bob.known();
  expect(await node.metric('route_links')).toBe(1);
  expect(await node.metric('route_links_opened_total')).toBe(1);
});

test('closes a connection whose header does not arrive in time', async () => {
  await using node = await startBehindProxy({ ROUTE_HANDSHAKE_SECONDS: '0.3' });
  await using slow = new TestLink(await connectTo(node));
  slow.sendRaw(proxyHeader(ALICE).subarray(0, -1));
  await within(slow.closedByServer, { what: 'the unfinished connection to be closed' });
  await refused(node, 'handshake-too-slow');
  await node.waitForMetric('route_handshakes', (count) => count === 0);

  await using inTime = await openProxied(node, ALICE);
  await inTime.known();
});

test('a connection that ends within its header does not become a link', async () => {
  await using node = await startBehindProxy();
  const socket = await connectTo(node);
  socket.end(proxyHeader(ALICE).subarray(0, 5));
  await refused(node, 'abandoned');
  expect(await node.metric('route_links_opened_total')).toBe(0);
});

test('a header of version 1 gives the msg_server’s address as well', async () => {
  await using node = await startBehindProxy();
  await using alice = new TestLink(await connectTo(node));
  alice.sendRaw(Buffer.from('PROXY TCP4 10.1.2.3 10.0.0.1 4001 8200\r\n'));
  await alice.known();
  await node.waitForLog('link-opened', ({ peer }) => peer === '10.1.2.3:4001');
});

test.each([
  ['of version 1', Buffer.from('PROXY UNKNOWN\r\n')],
  ['of version 2', UNSPECIFIED_HEADER],
  ['for the balancer’s own connection', LOCAL_HEADER],
])(
  'with a header without addresses %s, the address of the connection counts',
  async (_, header) => {
    await using node = await startBehindProxy();
    await using link = new TestLink(await connectTo(node));
    link.sendRaw(header);
    await link.known();
    await node.waitForLog('link-opened', ({ peer }) => peer === link.address);
  },
);

test('accepts headers only from the networks of the load balancers', async () => {
  await using node = await startBehindProxy({ ROUTE_PROXY_FROM: '10.0.0.0/8,127.0.0.2' });
  await using spoof = await openProxied(node, ALICE);
  await within(spoof.closedByServer, { what: 'the connection to be refused' });
  expect(await refused(node, 'not-a-proxy')).toMatchObject({ peer: spoof.address });

  await using relayed = new TestLink(await connectFrom(node, '127.0.0.2'));
  relayed.sendRaw(proxyHeader(ALICE));
  await relayed.known();
});

test.each([
  ['allowed', ''],
  ['not allowed', '10.0.0.0/8'],
])(
  'counts a load balancer’s own checks, which are not links; its address is %s',
  async (_, allow) => {
    await using node = await startBehindProxy({
      ROUTE_HANDSHAKE_SECONDS: '0.5',
      ROUTE_LINK_TIMEOUT_SECONDS: '1',
      ROUTE_HEARTBEAT_SECONDS: '0.5',
      ROUTE_ALLOW: allow,
    });
    const check = new TestLink(await connectTo(node));
    check.sendRaw(LOCAL_HEADER);
    await check.close();
    await using endless = new TestLink(await connectTo(node));
    endless.sendRaw(LOCAL_HEADER);
    await within(endless.closedByServer, { what: 'a check without an end to be closed' });
    await node.waitForMetric('route_connections_checks_total', (count) => count === 2);
    await node.waitForMetric('route_handshakes', (count) => count === 0);

    expect(await node.metric('route_links_opened_total')).toBe(0);
    expect(await node.metric('route_links')).toBe(0);
    expect(node.logsOf('connection-refused')).toEqual([]);
  },
);

test('a node that exits does not wait for connections that are not yet links', async () => {
  await using node = await startBehindProxy({
    ROUTE_HANDSHAKE_SECONDS: '60',
    ROUTE_DRAIN_SECONDS: '0',
  });
  await using pending = new TestLink(await connectTo(node));
  pending.sendRaw(proxyHeader(ALICE).subarray(0, 5));
  await node.waitForMetric('route_handshakes', (count) => count === 1);
  node.signal('SIGTERM');
  await within(pending.closedByServer, { what: 'the connection to be closed' });
  expect(await node.exited).toEqual({ code: 0, signal: null });
});
