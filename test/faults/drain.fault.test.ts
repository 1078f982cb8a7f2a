import { setTimeout as delay } from 'node:timers/promises';
import { AdminClient } from '@route/admin-api';
import { expect, test } from 'vitest';
import { within } from '../harness/index.ts';
import { pauseRedis, stopNode } from './faults.ts';
import { judgeRecovery } from './judge.ts';
import { LEASE_SECONDS, type Scene, startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const TOKEN = 'the-token-of-this-test';
const DRAIN_SECONDS = 6;

/** Time beyond the drain's limit for the process to exit. */
const SLACK_MS = 3_000;

/** Users of links closed by a drain count for one lease longer. */
const EXACT_WITHIN_MS = (LEASE_SECONDS + 5) * 1000;

const BESIDE: readonly (readonly [name: string, inflict: (scene: Scene) => Promise<void>])[] = [
  ['a node drains, asked twice', async () => {}],
  ['a node drains while Redis is paused for 4 s', (scene) => pauseRedis(scene, 4)],
  ['a node drains while another is paused for 4 s', (scene) => stopNode(scene, 1, 4)],
];

test.for(BESIDE)('%s: it ends in time, and nothing is lost', async ([fault, inflict]) => {
  const env = { ROUTE_DRAIN_SECONDS: String(DRAIN_SECONDS), ROUTE_ADMIN_TOKEN: TOKEN };
  await using scene = await startScene({ seed: seedOf(fault), env });
  const node = scene.cluster.node(2);
  const onIt = scene.crowd.servers.filter(({ target }) => target === node);
  const inflicted = inflict(scene);
  await delay(500);
  scene.setAvoided(node, true);
  // A second signal would stop it at once; a signal during a requested drain does not.
  const address = new URL(node.adminUrl).host;
  await new AdminClient({ address, token: TOKEN }).drain();
  await delay(500);
  node.signal('SIGTERM');
  const ended = await within(node.exited, {
    what: 'the node to end',
    deadlineMs: DRAIN_SECONDS * 1000 + SLACK_MS,
  });
  scene.story.note('the node has ended');
  await inflicted;
  const figures = await judgeRecovery(scene, { fault, exactWithinMs: EXACT_WITHIN_MS });
  expect(ended).toEqual({ code: 0, signal: null });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(onIt.length);
  expect(scene.running.flatMap((other) => other.logsOf('bus-frames-lost'))).toEqual([]);
});
