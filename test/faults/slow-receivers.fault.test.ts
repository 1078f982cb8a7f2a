import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openTrafficLink } from '../traffic/index.ts';
import { givenDelivery } from './delivery.ts';
import { judge } from './judge.ts';
import { startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const SECONDS = 60;
const MOST_P99_MS = 50;

/** Pausing a node's links in vain for half a second would exceed this. */
const MOST_P999_MS = 200;

/** Large enough that an unread link passes every limit long before the end, with broadcast PDUs. */
const PDU_BYTES = { broadcast: 1_000, directed: 4_000 };

test('receivers that stop reading, or read 10 kB/s, do not delay the healthy ones', async () => {
  const fault = `one receiver stopped for ${SECONDS} s, one at 10 kB/s`;
  const load = { pdusPerSecond: 1_000, pduBytes: PDU_BYTES[givenDelivery()], measures: true };
  await using scene = await startScene({ seed: seedOf(fault), ...load });
  const node = scene.cluster.node(0);
  await using stuck = await openTrafficLink(node);
  await using slow = await openTrafficLink(node);
  const { address } = stuck;
  scene.forgetLatency();
  stuck.pause();
  slow.throttle(10_000);

  await delay(SECONDS * 1000);
  const p99Ms = scene.latencyMs(99);
  const p999Ms = scene.latencyMs(99.9);
  const exact = await scene.untilExact(5_000);
  const figures = await judge(scene, { fault, exact, p99Ms });

  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(p99Ms).toBeLessThan(MOST_P99_MS);
  expect(p999Ms).toBeLessThan(MOST_P999_MS);
  expect(scene.lostLinks, 'healthy links lost').toBe(0);
  const closed = node.logsOf('link-closed').filter(({ peer }) => peer === address);
  expect(closed.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^unsent-/)]);
});

const STOPPING = 5;
const STOP_MS = 9_000;
const READ_MS = 1_000;

test('receivers that stop reading for 9 s repeatedly lose nothing, and do not delay the others', async () => {
  const fault = `${STOPPING} receivers that stop for ${STOP_MS / 1000} s repeatedly`;
  const load = { pdusPerSecond: 1_000, pduBytes: PDU_BYTES[givenDelivery()], measures: true };
  await using scene = await startScene({ seed: seedOf(fault), ...load });
  await using links = new AsyncDisposableStack();
  const stopping = await scene.joinLinks(scene.cluster.node(0), STOPPING, links);
  // Measured while they stop: their later catch-up keeps this process busy, which measures the
  // others.
  let p99Ms = 0;
  for (let round = 0; round < 2; round++) {
    for (const link of stopping) link.pause();
    scene.forgetLatency();
    await delay(STOP_MS);
    p99Ms = Math.max(p99Ms, scene.latencyMs(99));
    for (const link of stopping) link.resume();
    await delay(READ_MS);
  }
  const exact = await scene.untilExact(5_000);
  await scene.untilFlowing();
  const figures = await judge(scene, { fault, exact, p99Ms });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(stopping.map(({ state }) => state)).toEqual(stopping.map(() => 'open'));
  expect(p99Ms).toBeLessThan(MOST_P99_MS);
  expect(scene.lostLinks, 'healthy links lost').toBe(0);
});
