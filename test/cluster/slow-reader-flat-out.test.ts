import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HEARTBEAT_PDU } from '@route/protocol';
import { expect, test } from 'vitest';
import { startRouteNode } from '../harness/index.ts';
import { openKnownLink } from './known-links.ts';
import { numberedPdu } from './numbered-messages.ts';

const TEXT_BYTES = 16 * 1024;
const COUNT = 6400; // 100 MiB, more than ROUTE_LINK_QUEUE_MAX_BYTES
const READ_PER_MS = 10_000; // 10 MB/s

test('a link that reads 10 MB/s slows a sender at full speed, for the whole run', async () => {
  await using node = await startRouteNode({ env: { ROUTE_LINK_TIMEOUT_SECONDS: '300' } });
  await using sender = await openKnownLink(node);
  // A plain socket that only counts bytes, so that only its pace makes it slow.
  const slow = connect(node.port, node.host);
  let received = 0;
  let closed = false;
  slow.on('data', (bytes: Buffer) => {
    received += bytes.length;
  });
  slow.on('close', () => {
    closed = true;
  });
  // A connection that sends nothing is not counted as a link.
  slow.write(HEARTBEAT_PDU);
  await node.waitForMetric('route_links', (links) => links === 2);

  const pdus = Array.from({ length: COUNT }, (_, n) => numberedPdu(1, n, TEXT_BYTES));
  const expected = pdus.reduce((bytes, pdu) => bytes + pdu.length, 0);
  const begunMs = performance.now();
  const sending = (async () => {
    for (let n = 0; n < COUNT; n += 16) {
      sender.send(...pdus.slice(n, n + 16));
      await sender.whenSent();
    }
  })();
  while (received < expected && !closed) {
    if (received > (performance.now() - begunMs) * READ_PER_MS) slow.pause();
    else slow.resume();
    await delay(2);
  }
  expect(closed).toBe(false);
  expect(node.logsOf('link-closed')).toEqual([]);
  await sending;
  slow.destroy();
});
