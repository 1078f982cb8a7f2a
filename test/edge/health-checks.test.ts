import { once } from 'node:events';
import type { Socket } from 'node:net';
import { makeCertificates } from '@route/fixtures';
import { expect, test } from 'vitest';
import { connectTo, openLink, type RouteNode, startRouteNode, within } from '../harness/index.ts';
import { connectFrom, openProxied, openSecure } from './connections.ts';

const CHECKS = 300;
const SILENT = 1000;

test('TCP health checks are counted, and flood neither the log nor the event list', async () => {
  await using node = await startRouteNode();
  const linesBefore = node.logs.length;
  for (let n = 0; n < CHECKS; n++) {
    const socket = await connectTo(node);
    // Some balancers end a check in good order, others reset it.
    if (n % 2 === 0) socket.end();
    else socket.resetAndDestroy();
    socket.resume();
  }
  await node.waitForMetric('route_connections_checks_total', (count) => count === CHECKS);
  expect(await node.metric('route_links_opened_total')).toBe(0);
  expect(await node.metric('route_links')).toBe(0);
  expect(node.logs.slice(linesBefore).map(({ event }) => event)).toEqual(['connections-silent']);
});

test('a check that idles until the time-out is counted as one', async () => {
  await using node = await startRouteNode({
    env: { ROUTE_LINK_TIMEOUT_SECONDS: '1', ROUTE_HEARTBEAT_SECONDS: '0.5' },
  });
  await using idle = await openLink(node);
  await within(idle.closedByServer, { what: 'the idle connection to be closed' });
  expect(await node.metric('route_connections_checks_total')).toBe(1);
  expect(node.logsOf('link-closed')).toEqual([]);
});

test('a link receives from its first moment, and is counted once it has sent something', async () => {
  await using node = await startRouteNode();
  await using sender = await openLink(node);
  await sender.known();
  await using receiver = await openLink(node);
  let n = 0;
  await within(
    (async () => {
      while (receiver.received.length === 0) {
        sender.msgData(1, ++n);
        await sender.known();
      }
    })(),
    { what: 'a message to come' },
  );
  expect(await node.metric('route_links')).toBe(1);
  await receiver.known();
  expect(await node.metric('route_links')).toBe(2);
});

/** Opens connections that send nothing; what becomes of them does not matter. */
async function openSilent(node: RouteNode, localAddress: string): Promise<Disposable> {
  const sockets: Socket[] = [];
  for (let n = 0; n < SILENT; n++) {
    const socket = await connectFrom(node, localAddress);
    socket.on('error', () => undefined).resume();
    sockets.push(socket);
  }
  return {
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Long enough that no silent connection ends by itself during a test. */
const PATIENT = { ROUTE_HANDSHAKE_SECONDS: '60' };

test('silent connections of one address hold up no other address where the PROXY protocol is on', async () => {
  await using node = await startRouteNode({ env: { ...PATIENT, ROUTE_PROXY_PROTOCOL: '1' } });
  using _silent = await openSilent(node, '127.0.0.2');
  for (let n = 0; n < 20; n++) {
    await using link = await openProxied(node, { ip: [10, 1, 2, 3], port: 4001 + n });
    await link.known();
  }
});

test('silent connections of many addresses hold up no other address', async () => {
  await using node = await startRouteNode({ env: { ...PATIENT, ROUTE_PROXY_PROTOCOL: '1' } });
  using _first = await openSilent(node, '127.0.0.2');
  using _second = await openSilent(node, '127.0.0.3');
  await using link = await openProxied(node, { ip: [10, 1, 2, 3], port: 4001 });
  await link.known();
});

test('silent connections of the same address hold up TLS for a fifth of the time that it may take', async () => {
  await using certificates = await makeCertificates();
  const { certFile, keyFile } = await certificates.issue('server');
  await using node = await startRouteNode({
    env: { ROUTE_HANDSHAKE_SECONDS: '5', ROUTE_TLS_CERT: certFile, ROUTE_TLS_KEY: keyFile },
  });
  using _silent = await openSilent(node, '127.0.0.1');
  const trusting = { ca: certificates.authority.cert };
  const begunMs = performance.now();
  await within(untilOpen(node, trusting), { what: 'an encrypted link', deadlineMs: 3000 });
  expect(performance.now() - begunMs).toBeLessThan(3000);
  await using other = await openSecure(
    { ...node, host: node.host, port: node.port, connect: () => connectFrom(node, '127.0.0.2') },
    trusting,
  );
  await other.known();
});

/** As msg_servers do: what is refused comes back. */
async function untilOpen(node: RouteNode, trusting: { ca: string }): Promise<void> {
  for (;;) {
    try {
      await using link = await openSecure(node, trusting);
      await link.known();
      return;
    } catch {
      const pause = await connectTo(node);
      pause.on('error', () => undefined).end();
      await once(pause.resume(), 'close');
    }
  }
}
