import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type Certificates, makeCertificates, waitFor } from '@route/fixtures';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { numberedPdu, OrderCheck, sendPaced } from '../cluster/numbered-messages.ts';
import { GOLDEN_ENV, goldenSuite, type Nodes } from '../golden/golden-suite.ts';
import {
  connectTo,
  openLink,
  startCluster,
  startRouteNode,
  TestLink,
  within,
} from '../harness/index.ts';
import { LOCAL_HEADER, openSecure, proxyHeader, reached, refused, secure } from './connections.ts';

let certificates: Certificates;
let serverEnv: Record<string, string>;

beforeAll(async () => {
  certificates = await makeCertificates();
  const server = await certificates.issue('server');
  serverEnv = { ROUTE_TLS_CERT: server.certFile, ROUTE_TLS_KEY: server.keyFile };
});
afterAll(() => certificates[Symbol.asyncDispose]());

/** What msg_servers need to trust the node. */
function trusting(): { ca: string } {
  return { ca: certificates.authority.cert };
}

/** Two nodes with encrypted links that come through a load balancer. */
async function startSecureNodes(): Promise<Nodes> {
  const own = await makeCertificates();
  const { certFile, keyFile } = await own.issue('server');
  const cluster = await startCluster({
    nodes: 2,
    env: {
      ...GOLDEN_ENV,
      ROUTE_PROXY_PROTOCOL: '1',
      ROUTE_TLS_CERT: certFile,
      ROUTE_TLS_KEY: keyFile,
    },
  });
  return {
    nodes: cluster.nodes.map((node) =>
      reached(node, async (socket) => {
        socket.write(proxyHeader({ ip: [10, 1, 2, 3], port: 4001 }));
        return await secure(socket, { ca: own.authority.cert });
      }),
    ),
    [Symbol.asyncDispose]: async () => {
      await cluster[Symbol.asyncDispose]();
      await own[Symbol.asyncDispose]();
    },
  };
}

goldenSuite('two nodes, by TLS behind the PROXY protocol,', startSecureNodes);

test('an encrypted link delivers the same PDUs as a plain one, under load and with large PDUs', async () => {
  await using node = await startRouteNode({ env: serverEnv });
  await using sender = await openSecure(node, trusting());
  await using receiver = await openSecure(node, trusting());
  await receiver.known();
  const check = new OrderCheck(receiver);
  await sendPaced(sender, { sender: 1, count: 2000, perSecond: 4000 });
  sender.send(numberedPdu(1, 2000, 8 * 1024 * 1024));
  await waitFor(() => check.count >= 2001, { what: '2001 messages', deadlineMs: 30_000 });
  expect(check.problems).toEqual([]);
});

test('the end of an encrypted link makes room for another', async () => {
  await using node = await startRouteNode({ env: { ...serverEnv, ROUTE_MAX_LINKS: '1' } });
  // In good order, and without a word.
  for (const end of ['close', Symbol.asyncDispose] as const) {
    await using link = await openSecure(node, trusting());
    await link.known();
    await link[end]();
    await node.waitForMetric('route_links', (links) => links === 0);
  }
  await using last = await openSecure(node, trusting());
  await last.known();
});

test('an encrypted link that stops reading is closed, and other links lose nothing', async () => {
  const MIB = 1024 * 1024;
  await using node = await startRouteNode({
    env: {
      ...serverEnv,
      ROUTE_MAX_PDU_BYTES: String(MIB),
      ROUTE_LINK_HIGH_WATER_MARK_BYTES: String(4 * MIB),
      ROUTE_LINK_QUEUE_MAX_BYTES: String(48 * MIB),
      ROUTE_LINK_DRAIN_TIMEOUT_SECONDS: '1',
    },
  });
  await using sender = await openSecure(node, trusting());
  await using stuck = await openSecure(node, trusting());
  await using reader = await openSecure(node, trusting());
  await Promise.all([stuck.known(), reader.known()]);
  const check = new OrderCheck(reader);
  stuck.pause();
  const sending = sendPaced(sender, { sender: 1, count: 1536, perSecond: 768, textBytes: 16_384 });
  await node.waitForMetric('route_links_closed_total', (closed) => closed === 1, {
    labels: { reason: 'unsent-for-too-long' },
    deadlineMs: 20_000,
  });
  await sending;
  await waitFor(() => check.count >= 1536 || Promise.reject(new Error(`${check.count}`)), {
    what: '1536 messages',
    deadlineMs: 20_000,
  });
  expect(check.problems).toEqual([]);
  expect(await node.metric('route_links')).toBe(2);
});

test('refuses a msg_server without TLS, or with an outdated version of it', async () => {
  await using node = await startRouteNode({ env: serverEnv });
  await using plain = await openLink(node);
  plain.send(numberedPdu(1, 1));
  await within(plain.closedByServer, { what: 'the plain connection to be closed' });
  expect(await refused(node, 'tls-failed')).toMatchObject({ problem: expect.any(String) });

  const old = { ...trusting(), maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' } as const;
  await expect(openSecure(node, { ...old, ciphers: 'ALL:@SECLEVEL=0' })).rejects.toThrow();
  await refused(node, 'tls-failed', 2);
  await using good = await openSecure(node, { ...trusting(), maxVersion: 'TLSv1.2' });
  await good.known();
});

test('closes a connection whose TLS handshake exceeds the time-out', async () => {
  await using node = await startRouteNode({
    env: { ...serverEnv, ROUTE_HANDSHAKE_SECONDS: '0.3' },
  });
  const begunHello = Buffer.from('1603010200', 'hex');
  await using slow = await openLink(node);
  slow.sendRaw(begunHello);
  await within(slow.closedByServer, { what: 'the unfinished connection to be closed' });
  await refused(node, 'handshake-too-slow');
  const gone = await connectTo(node);
  gone.end(begunHello);
  await refused(node, 'abandoned');

  await using silent = await openLink(node);
  await within(silent.closedByServer, { what: 'the silent connection to be closed' });
  await node.waitForMetric('route_connections_checks_total', (count) => count === 1);
});

describe('where msg_servers must show a certificate', () => {
  test('accepts certificates of the authority, and refuses other certificates and none', async () => {
    await using node = await startRouteNode({
      env: { ...serverEnv, ROUTE_TLS_CA: certificates.authority.certFile },
    });
    const { cert, key } = await certificates.issue('msg-server');
    await using known = await openSecure(node, { ...trusting(), cert, key });
    await known.known();

    await using others = await makeCertificates();
    const stranger = await others.issue('msg-server');
    for (const [i, shown] of [{}, { cert: stranger.cert, key: stranger.key }].entries()) {
      // In TLS 1.3 the client learns only afterwards that it is not trusted.
      const link = await openSecure(node, { ...trusting(), ...shown }).catch(() => undefined);
      if (link !== undefined) {
        await within(link.closedByServer, { what: 'the connection to be closed' });
        await link[Symbol.asyncDispose]();
      }
      await refused(node, 'tls-failed', i + 1);
    }
    expect(await node.metric('route_links_opened_total')).toBe(1);
    await known.known();
  });
});

describe('after SIGHUP', () => {
  /** Who the node says that it is. */
  async function nameOf(node: { host: string; port: number }): Promise<unknown> {
    const socket: TLSSocket = await secure(await connectTo(node), trusting());
    const name = socket.getPeerCertificate().subject.CN;
    socket.destroy();
    return name;
  }

  test('new connections get the new certificate, and open links go on', async () => {
    const certFile = join(certificates.directory, 'in-use.crt');
    const keyFile = join(certificates.directory, 'in-use.key');
    const put = async (name: string): Promise<void> => {
      const next = await certificates.issue(name);
      await copyFile(next.certFile, certFile);
      await copyFile(next.keyFile, keyFile);
    };
    await put('first');
    await using node = await startRouteNode({
      env: { ROUTE_TLS_CERT: certFile, ROUTE_TLS_KEY: keyFile },
    });
    await using link = await openSecure(node, trusting());
    await link.known();
    expect(await nameOf(node)).toBe('first');

    await put('second');
    node.signal('SIGHUP');
    await node.waitForLog('certificates-read');
    expect(await nameOf(node)).toBe('second');

    await writeFile(certFile, 'no certificate');
    node.signal('SIGHUP');
    await node.waitForLog('certificates-not-read');
    expect(await nameOf(node)).toBe('second');

    await link.known();
    expect(link.serverClose).toBeUndefined();
  });
});

test('a load balancer’s check may use TLS and may end in any way', async () => {
  await using node = await startRouteNode({ env: { ...serverEnv, ROUTE_PROXY_PROTOCOL: '1' } });
  for (const [before, end] of (['end', 'destroy'] as const).entries()) {
    const socket = await connectTo(node);
    socket.write(LOCAL_HEADER);
    const secured = await secure(socket, trusting());
    secured[end]();
    await node.waitForMetric('route_connections_checks_total', (checks) => checks === before + 1);
    await node.waitForMetric('route_handshakes', (count) => count === 0);
  }
  expect(await node.metric('route_links_opened_total')).toBe(0);
});

test('the peer of an encrypted link is the address in the PROXY header', async () => {
  await using node = await startRouteNode({ env: { ...serverEnv, ROUTE_PROXY_PROTOCOL: '1' } });
  const socket = await connectTo(node);
  socket.write(proxyHeader({ ip: [10, 1, 2, 3], port: 4001 }));
  await using link = new TestLink(await secure(socket, trusting()));
  await link.known();
  await node.waitForLog('link-opened', ({ peer }) => peer === '10.1.2.3:4001');
  await link.close();
  await node.waitForLog('link-closed', ({ reason }) => reason === 'peer-closed');
  await node.waitForMetric('route_links', (count) => count === 0);
});

test.each([
  [{ ROUTE_TLS_CERT: '/nowhere' }, /ROUTE_TLS_CERT is "\/nowhere": expected a readable file/],
  [{ ROUTE_TLS_CA: 'authority' }, /ROUTE_TLS_CA is given: expected ROUTE_TLS_CERT too/],
  [{ ROUTE_TLS_CERT: 'authority' }, /ROUTE_TLS_CERT and ROUTE_TLS_KEY: expected both or neither/],
  [{ ROUTE_TLS_CERT: 'authority', ROUTE_TLS_KEY: 'server' }, /cannot be used together/],
])('unusable files stop the start: %o', async (files, problem) => {
  const { authority } = certificates;
  const pathOf = (name: string, value: string): string => {
    if (value === 'authority') return authority.certFile;
    return value === 'server' ? (serverEnv[name] ?? '') : value;
  };
  const env = Object.fromEntries(
    Object.entries(files).map(([name, value]) => [name, pathOf(name, value)]),
  );
  await expect(startRouteNode({ env })).rejects.toThrow(problem);
});
