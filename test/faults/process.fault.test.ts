import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@route/fixtures';
import { askRedis } from '@route/local-cluster';
import { expect, test } from 'vitest';
import { connectTo, openLink, within } from '../harness/index.ts';
import { type BareNode, startBareNode } from '../process/bare-node.ts';
import { installRelease } from '../releases/earlier-release.ts';
import { lastNeighbours } from '../releases/releases.ts';
import { judgeRecovery } from './judge.ts';
import { LEASE_SECONDS, type Scene, startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const CHECKS = 300;
const SILENT = 200;
const DESCRIPTORS = 120;

/** Lets a node, whose log is not read, join the scene's cluster with two links in the traffic. */
async function joinTraffic(
  scene: Scene,
  links: AsyncDisposableStack,
  options: { output: string; maxDescriptors?: number },
): Promise<BareNode> {
  const env = { ...scene.cluster.env, LOG_BUFFER_BYTES: '65536', ROUTE_DRAIN_SECONDS: '1' };
  const node = links.use(await startBareNode({ ...options, env }));
  await scene.joinLinks(node, 2, links);
  return node;
}

test('a node whose log is full relays as before, and exits in time', async () => {
  const fault = 'a log that is full';
  await using scene = await startScene({ seed: seedOf(fault), nodes: 2 });
  await using links = new AsyncDisposableStack();
  const node = await joinTraffic(scene, links, { output: '/dev/full' });
  await waitFor(
    async () => {
      for (let n = 0; n < 50; n++) {
        await using link = await openLink(node);
        await link.known();
      }
      return (await node.metric('route_log_dropped_lines_total')) > 0;
    },
    { what: 'log lines to be dropped', deadlineMs: 30_000 },
  );
  scene.story.note('log lines are dropped');
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  node.signal('SIGTERM');
  const ended = await within(node.exited, { what: 'the node to end', deadlineMs: 8_000 });
  expect(ended).toBe('exit status 0');
});

test('a node that runs out of descriptors keeps its links, and reports it', async () => {
  const fault = 'out of file descriptors';
  await using scene = await startScene({ seed: seedOf(fault), nodes: 2 });
  const folder = await mkdtemp(join(tmpdir(), 'route-descriptors-'));
  await using links = new AsyncDisposableStack();
  links.defer(() => rm(folder, { recursive: true, force: true }));
  const output = join(folder, 'log');
  const node = await joinTraffic(scene, links, { output, maxDescriptors: DESCRIPTORS });
  for (let n = 0; n < 2 * DESCRIPTORS; n++) {
    const socket = await connectTo(node);
    socket.on('error', () => undefined).resume();
    links.defer(() => void socket.destroy());
  }
  await waitFor(
    async () => {
      const answer = await node.ask('/readyz');
      return answer.status === 503 && (await answer.text()).includes('descriptors');
    },
    { what: 'the node to report that it accepts no further links' },
  );
  scene.story.note('no descriptor is left for links');
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
});

test('health checks and silent connections do not affect the links', async () => {
  const fault = 'health checks and silent connections';
  await using scene = await startScene({ seed: seedOf(fault) });
  await using sockets = new AsyncDisposableStack();
  const node = scene.cluster.node(0);
  const checksBefore = await node.metric('route_connections_checks_total');
  for (let n = 0; n < CHECKS; n++) (await connectTo(node)).resume().end();
  for (let n = 0; n < SILENT; n++) {
    const socket = await connectTo(node);
    // It may stop with the scene before this point.
    socket.on('error', () => undefined).resume();
    sockets.defer(() => void socket.destroy());
  }
  await node.waitForMetric(
    'route_connections_checks_total',
    (count) => count >= checksBefore + CHECKS,
  );
  expect(node.logsOf('connections-silent').length).toBeLessThanOrEqual(1);
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});

test('a node with a fifth of a processor is slow, loses nothing, and answers on its admin port', async () => {
  const fault = 'a node with a fifth of a processor for 8 s';
  await using scene = await startScene({ seed: seedOf(fault) });
  const node = scene.cluster.node(2);
  for (const untilMs = performance.now() + 8_000; performance.now() < untilMs; ) {
    node.signal('SIGSTOP');
    await delay(80);
    node.signal('SIGCONT');
    await delay(20);
  }
  scene.story.note('the node has its processor back');
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
  expect(node.logsOf('lease-lost')).toEqual([]);
  expect(await node.metric('route_ready')).toBe(1);
});

test('a node of the previous release does not disturb this one', async () => {
  const { older, together } = lastNeighbours();
  const fault = 'a node of the previous release beside this one';
  await using installed = await installRelease(older);
  await using scene = await startScene({ seed: seedOf(fault), nodes: 2 });
  const env = scene.cluster.env;
  const folder = await mkdtemp(join(tmpdir(), 'route-earlier-'));
  await using links = new AsyncDisposableStack();
  links.defer(() => rm(folder, { recursive: true, force: true }));
  const { program } = installed;
  const node = links.use(await startBareNode({ env, program, output: join(folder, 'log') }));
  scene.story.note('the node of the previous release is ready');
  await waitFor(
    async () =>
      (await node.metric('process_start_time_seconds')) + 2 * LEASE_SECONDS < Date.now() / 1000,
    { what: 'two leases to pass', deadlineMs: 20_000, everyMs: 200 },
  );
  const live = await scene.cluster.node(0).metric('route_live_nodes');
  expect(live).toBe(together === 'shares' ? 3 : 2);
  await node[Symbol.asyncDispose]();
  // Its leftovers do not belong to this release, and expire without effect.
  const { namespace } = scene.cluster;
  const keys = ['about', 'leases'].map((name) => `${namespace}:{nodes}:${name}`).join(' ');
  if (together === 'refuses') await askRedis(scene.redis.url, `DEL ${keys}`, 5_000);
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});
