import { setTimeout as delay, setImmediate as nextTick } from 'node:timers/promises';
import { waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { startCluster, startRouteNode, type TestLink } from '../harness/index.ts';
import { openKnownLink } from './known-links.ts';
import { numberedPdu, OrderCheck, sendPaced } from './numbered-messages.ts';

const MIB = 1024 * 1024;
const TEXT_BYTES = 16 * 1024;
const MARK_BYTES = 4 * MIB;

/** 36 MiB in 3 s: more than the operating system's socket buffers, which no setting bounds. */
const PACE = { sender: 1, count: 2304, perSecond: 768, textBytes: TEXT_BYTES };

/** A slow reader: durations of pausing and reading. */
const PAUSED_MS = 5;
const READING_MS = 5;

async function waitForAll(check: OrderCheck): Promise<void> {
  await waitFor(() => check.count >= PACE.count || Promise.reject(new Error(`${check.count}`)), {
    what: `${PACE.count} messages`,
    deadlineMs: 20_000,
  });
  expect(check.problems).toEqual([]);
}

test.for([
  { reason: 'unsent-for-too-long', from: 'its own node', stuckSeconds: '1', limitBytes: 48 * MIB },
  // Frames of another node that are under way still arrive while reading is paused.
  { reason: 'unsent-over-limit', from: 'another node', stuckSeconds: '60', limitBytes: 6 * MIB },
])(
  'closes a link that stops reading PDUs from $from as $reason, without loss on other links',
  async (scenario) => {
    const { reason, from, stuckSeconds, limitBytes } = scenario;
    await using cluster = await startCluster({
      nodes: 2,
      env: {
        ROUTE_MAX_PDU_BYTES: String(MIB),
        ROUTE_LINK_DRAIN_TIMEOUT_SECONDS: stuckSeconds,
        ROUTE_LINK_HIGH_WATER_MARK_BYTES: String(MARK_BYTES),
        ROUTE_LINK_QUEUE_MAX_BYTES: String(limitBytes),
      },
    });
    const node = cluster.node(0);
    await using sender = await openKnownLink(cluster.node(from === 'another node' ? 1 : 0));
    await using stuck = await openKnownLink(node);
    await using reader = await openKnownLink(node);
    const check = new OrderCheck(reader);
    stuck.pause();
    const memoryBefore = await node.metric('process_resident_memory_bytes');
    const sending = sendPaced(sender, PACE);

    let unsentMost = 0;
    await waitFor(
      async () => {
        unsentMost = Math.max(unsentMost, await node.metric('route_links_unsent_bytes'));
        return (await node.metric('route_links_closed_total', { reason })) > 0;
      },
      { what: `a link closed as ${reason}`, deadlineMs: 20_000 },
    );
    await Promise.all([sending, waitForAll(check)]);
    const line = await node.waitForLog('link-closed');
    expect(line).toMatchObject({ reason, peer: stuck.address });
    expect(node.logsOf('link-closed')).toEqual([line]);

    expect(unsentMost).toBeLessThan(limitBytes + 4 * MIB);
    const memory = (await node.metric('process_resident_memory_bytes')) - memoryBefore;
    expect(memory).toBeLessThan(128 * MIB);
  },
);

/** Sends all messages as fast as the node reads them. */
async function sendFlatOut(link: TestLink): Promise<void> {
  for (let n = 0; n < PACE.count; n++) {
    link.send(numberedPdu(PACE.sender, n, TEXT_BYTES));
    if (n % 16 !== 15) continue;
    await link.whenSent();
    await nextTick();
  }
}

test('a link that reads slowly slows the sender and loses nothing', async () => {
  await using node = await startRouteNode({
    env: {
      ROUTE_LINK_HIGH_WATER_MARK_BYTES: String(MARK_BYTES),
      // After its last message the sender sends nothing more.
      ROUTE_LINK_TIMEOUT_SECONDS: '120',
    },
  });
  await using sender = await openKnownLink(node);
  await using slow = await openKnownLink(node);
  await using reader = await openKnownLink(node);
  const [slowCheck, check] = [new OrderCheck(slow), new OrderCheck(reader)];
  slow.pause();
  const sending = sendFlatOut(sender);
  await node.waitForMetric('route_links_paused_total', (pauses) => pauses > 0);
  const end = performance.now() + 40_000;
  while (
    slowCheck.count < PACE.count &&
    slow.serverClose === undefined &&
    performance.now() < end
  ) {
    slow.pause();
    await delay(PAUSED_MS);
    slow.resume();
    await delay(READING_MS);
  }
  expect(node.logsOf('link-closed')).toEqual([]);
  await sending;
  await waitForAll(slowCheck);
  await waitForAll(check);
});
