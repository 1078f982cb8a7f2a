import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { askRedis } from '@route/local-cluster';
import { mutate, Random } from '@route/random';
import { createServerClient, type Redis } from '@route/redis';
import { expect, test } from 'vitest';
import { type RouteNode, startRouteNode } from '../harness/index.ts';
import { judge } from './judge.ts';
import { LEASE_SECONDS, type Scene, startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const REDIS_DEADLINE_MS = 5_000;
const LASTS_MS = 12_000;
const SHORTEST_MS = 5_000;

/** Other nodes are unaffected if no PDU takes longer than this; a stalled bus takes seconds. */
const MOST_P99_MS = 1_000;

/**
 * Kinds of frames to mutate: heartbeats, last frames and acks. Frames with entries stay unchanged.
 */
const MUTATED_TYPES: ReadonlySet<number | undefined> = new Set([2, 3, 5]);
const PUBLISHED_PER_ROUND = 20;
const ROUND_MS = 50;

type Misbehave = (scene: Scene, untilMs: number) => Promise<void>;

/** A node on the scene's Redis that is not part of the scene: no checks apply to it. */
async function startStranger(scene: Scene, env: Record<string, string>): Promise<RouteNode> {
  const node = await startRouteNode({
    env: { ...scene.cluster.env, ...env },
    waitUntilReady: false,
  });
  node.expectFatal();
  return node;
}

/**
 * Its Redis account has these rights alone: it is never ready, acquires no lease, and reports the
 * missing rights.
 */
function lacks(rights: string): Misbehave {
  return async (scene, untilMs) => {
    const { url } = scene.redis;
    await askRedis(url, `ACL SETUSER lacking on >secret ${rights}`, REDIS_DEADLINE_MS);
    const withAccount = new URL(url);
    withAccount.username = 'lacking';
    withAccount.password = 'secret';
    await using node = await startStranger(scene, { REDIS_URL: withAccount.href });
    await delay(Math.max(SHORTEST_MS, untilMs - performance.now()));
    const answer = await fetch(`${node.adminUrl}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('NOPERM');
    expect(node.logsOf('lease-acquired')).toEqual([]);
  };
}

/** It restarts repeatedly on a port in use. */
async function findsPortTaken(scene: Scene, untilMs: number): Promise<void> {
  const { host, port } = scene.cluster.node(0);
  while (performance.now() < untilMs) {
    await using node = await startStranger(scene, { ROUTE_LISTEN: `${host}:${port}` });
    expect((await node.exited).code).not.toBe(0);
  }
}

/** It joins the nodes and is killed, repeatedly. */
async function isKilledAgain(scene: Scene, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    await using node = await startRouteNode({ env: { ...scene.cluster.env } });
    node.expectFatal();
    await node.kill();
  }
}

/** Frames that another program publishes, made of real frames; each returns a changed copy. */
type Forge = (random: Random, corpus: readonly Buffer[]) => Buffer;

/** Frames of another version, and bytes that are no frame. */
function foreignFrame(random: Random, corpus: readonly Buffer[]): Buffer {
  if (random.chance(0.5)) return randomBytes(random.whole(0, 300));
  const frame = Buffer.from(random.pick(corpus));
  frame[0] = 1;
  return frame;
}

/** Mutants of real frames in the name of live nodes, and frames of another version. */
function forgedFrame(random: Random, corpus: readonly Buffer[]): Buffer {
  const frame = mutate(random, corpus);
  if (random.chance(0.2) && frame.length > 0) frame[0] = 1;
  return frame;
}

/** Another program publishes frames on the channel of all nodes. */
async function forges(scene: Scene, untilMs: number, forge: Forge): Promise<void> {
  const random = new Random(scene.seed);
  const channel = `${scene.cluster.namespace}:bus:0`;
  const [subscriber, publisher] = [client(scene), client(scene)];
  const corpus: Buffer[] = [];
  subscriber.on('pmessageBuffer', (_pattern: Buffer, _channel: Buffer, frame: Buffer) => {
    if (corpus.length < 1000 && MUTATED_TYPES.has(frame[1])) corpus.push(frame);
  });
  await subscriber.connect();
  await publisher.connect();
  await subscriber.psubscribe(`${channel}*`);
  await delay(1000);
  subscriber.disconnect();
  while (performance.now() < untilMs) {
    for (let i = 0; i < PUBLISHED_PER_ROUND; i++) {
      await publisher.publish(channel, forge(random, corpus));
    }
    await delay(ROUND_MS);
  }
  publisher.disconnect();
}

function client(scene: Scene): Redis {
  return createServerClient({
    target: { kind: 'single', url: scene.redis.url },
    commandTimeoutMs: REDIS_DEADLINE_MS,
    connectTimeoutMs: REDIS_DEADLINE_MS,
    connectionName: 'forger',
  });
}

const BAD_MEMBERS: readonly (readonly [name: string, misbehave: Misbehave])[] = [
  ['a member whose account lacks the channels', lacks('~* +@all resetchannels')],
  ['a member whose account lacks the keys', lacks('~other* &* +@all')],
  ['a member that may receive and not publish', lacks('~* &* +@all -publish -spublish')],
  [
    'a member that may publish and not receive',
    lacks('~* &* +@all -subscribe -ssubscribe -psubscribe'),
  ],
  ['a member that restarts repeatedly on a port in use', findsPortTaken],
  ['a member that is killed repeatedly', isKilledAgain],
  [
    'frames of another version, and bytes that are no frame',
    (scene, untilMs) => forges(scene, untilMs, foreignFrame),
  ],
];

test.for(BAD_MEMBERS)(
  '%s: the others are as fast as before and lose nothing',
  async ([fault, misbehave]) => {
    await using scene = await startScene({ seed: seedOf(fault), nodes: 2, measures: true });
    scene.forgetLatency();
    await misbehave(scene, performance.now() + LASTS_MS);
    const p99Ms = scene.latencyMs(99);
    const exact = await scene.untilExact((LEASE_SECONDS + 5) * 1000);
    await scene.untilFlowing();
    const figures = await judge(scene, { fault, exact, p99Ms });
    expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
    expect(p99Ms).toBeLessThan(MOST_P99_MS);
    expect(scene.lostLinks, 'links lost').toBe(0);
  },
);

test('forged frames, and frames of another version: nodes and links stay, and the cluster recovers', async () => {
  const fault = 'forged frames';
  await using scene = await startScene({ seed: seedOf(fault) });
  await forges(scene, performance.now() + LASTS_MS, forgedFrame);
  // Damage by forged frames is corrected within seconds.
  await scene.untilFlowing();
  const exact = await scene.untilExact(5_000);
  expect(exact.seconds).toBeDefined();
  // A forged ack of a live node may drop a frame that the node still lacks: that is counted.
  const { lost, ...totals } = await scene.settle(2_000);
  let counted = 0;
  for (const node of scene.running) counted += await node.metric('route_bus_lost_frames_total');
  process.stdout.write(`${fault}: ${lost} PDUs lost, ${counted} frames counted as lost\n`);
  expect(totals).toMatchObject({ doubled: 0, reordered: 0, unexpected: 0, cutOff: 0 });
  expect(lost === 0 || counted > 0, 'a loss is counted').toBe(true);
  expect(scene.running).toHaveLength(3);
  expect(scene.lostLinks, 'links lost').toBe(0);
  for (const node of scene.running) {
    expect(await node.ready()).toBe(true);
    expect(await node.metric('route_bus_malformed_frames_total')).toBeGreaterThan(0);
    expect(await node.metric('route_bus_foreign_frames_total')).toBeGreaterThan(0);
    expect(await node.metric('route_bus_awaited_nodes')).toBe(2);
    expect(node.logsOf('bus-other-version').length).toBeGreaterThan(0);
  }
});
