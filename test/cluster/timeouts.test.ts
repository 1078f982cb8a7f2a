import { waitFor } from '@route/fixtures';
import { HEARTBEAT_PDU } from '@route/protocol';
import { expect, test } from 'vitest';
import { startRouteNode } from '../harness/index.ts';
import { openKnownLink } from './known-links.ts';

const QUICK_TIMEOUT = { ROUTE_HEARTBEAT_SECONDS: '0.3', ROUTE_LINK_TIMEOUT_SECONDS: '1' };

test('heartbeats go to an idle link, and not to one with traffic', async () => {
  await using node = await startRouteNode({ env: { ROUTE_HEARTBEAT_SECONDS: '1' } });
  await using sender = await openKnownLink(node);
  await using receiver = await openKnownLink(node);
  // The sender's message goes to the receiver alone: the sender's own link stays idle.
  let n = 0;
  await waitFor(
    () => {
      sender.msgData(1, ++n);
      return sender.heartbeats >= 3;
    },
    { what: 'three heartbeats', deadlineMs: 15_000 },
  );
  expect(receiver.received.length).toBeGreaterThan(0);
  expect(receiver.heartbeats).toBe(0);
});

test('a silent link is closed after the time-out, a link with heartbeats is not', async () => {
  await using node = await startRouteNode({ env: QUICK_TIMEOUT });
  await using alive = await openKnownLink(node);
  const silent = [await openKnownLink(node), await openKnownLink(node)];
  await waitFor(
    () => {
      alive.send(HEARTBEAT_PDU);
      return silent.every(({ serverClose }) => serverClose !== undefined);
    },
    { what: 'the silent links to be closed', deadlineMs: 10_000 },
  );
  await using late = await openKnownLink(node);
  await waitFor(
    () => {
      alive.send(HEARTBEAT_PDU);
      return late.serverClose !== undefined;
    },
    { what: 'the late link to be closed', deadlineMs: 10_000 },
  );
  expect(alive.serverClose).toBeUndefined();
  const closed = await waitFor(
    () => {
      const lines = node.logsOf('link-closed');
      return lines.length >= 3 && lines;
    },
    { what: 'the log to contain three closed links' },
  );
  expect(closed.map(({ reason }) => reason)).toEqual(['timed-out', 'timed-out', 'timed-out']);
  expect(closed.map(({ peer }) => peer).sort()).toEqual(
    [...silent, late].map(({ address }) => address).sort(),
  );
});

test('closes a msg_server that neither reads nor closes, and removes its users', async () => {
  await using node = await startRouteNode({ env: QUICK_TIMEOUT });
  await using gone = await openKnownLink(node);
  gone.online([{ userId: 7, status: 1, clientType: 1 }]);
  gone.pause();
  await node.waitForLog(
    'link-closed',
    ({ peer, reason }) => peer === gone.address && reason === 'timed-out',
  );
  await node.waitForMetric('route_links', (links) => links === 0);
  expect(await node.metric('route_presence_users')).toBe(0);
});

test('a msg_server that does not close its end delays neither the drain nor the exit', async () => {
  await using node = await startRouteNode({ env: { ROUTE_DRAIN_SECONDS: '0' } });
  await using halfOpen = await openKnownLink(node);
  await using ordinary = await openKnownLink(node);
  halfOpen.pause();
  // Behind unread bytes, the end of the connection is not observed either.
  ordinary.msgData(1, 1);
  await node.waitForMetric('route_links_sent_bytes_total', (bytes) => bytes > 0);
  node.signal('SIGTERM');
  expect(await ordinary.closedByServer).toBe('ended');
  expect(await node.exited).toEqual({ code: 0, signal: null });
  expect(halfOpen.serverClose).toBeUndefined();
});
