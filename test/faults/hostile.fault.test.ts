import { setTimeout as delay } from 'node:timers/promises';
import { CLIENT_TYPE } from '@route/protocol';
import { expect, test } from 'vitest';
import { floodConnections, HOSTILITIES, sendHostile, stopInsidePdus } from './hostile-clients.ts';
import { judge, judgeRecovery } from './judge.ts';
import { type Scene, startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const LASTS_MS = 8_000;
const MOST_P99_MS = 200;

/** Two PDUs of the maximum size, and the memory to read them. */
const MOST_MEMORY_BYTES = 384 * 2 ** 20;

type Misbehave = (scene: Scene, untilMs: number) => Promise<void>;

/** Each kind of hostile bytes in turn, two links at a time. */
async function sendsHostileBytes(scene: Scene, untilMs: number): Promise<void> {
  const node = scene.cluster.node(0);
  for (let round = 0; performance.now() < untilMs || round === 0; round++) {
    for (const hostility of HOSTILITIES) {
      await Promise.all([sendHostile(node, hostility), sendHostile(node, hostility)]);
    }
  }
  const closed = node.logsOf('link-closed').map(({ reason }) => reason);
  expect(closed).toContain('length-too-small');
  expect(closed).toContain('length-too-large');
  const dropped = node.logsOf('pdu-dropped').map(({ problem, value }) => `${problem} ${value}`);
  expect(dropped).toContain('unknown-client-type 0x7f');
  expect(dropped.some((line) => line.startsWith('too-many-users'))).toBe(true);
}

async function opensConnections(scene: Scene, untilMs: number): Promise<void> {
  const node = scene.cluster.node(0);
  const linesBefore = node.logs.length;
  const connections = await floodConnections(node, untilMs);
  scene.story.note(`${connections} connections were opened`);
  await node.waitForMetric('route_connections_checks_total', (checks) => checks > connections / 2);
  // Connections that send nothing are counted, not logged one by one.
  const lines = node.logs.slice(linesBefore).filter(({ event }) => event.startsWith('connection'));
  expect(lines.length).toBeLessThan(5);
}

const HOSTILE_CLIENTS: readonly (readonly [name: string, misbehave: Misbehave])[] = [
  ['hostile bytes: garbage, lengths, lists, queries', sendsHostileBytes],
  ['a flood of connections', opensConnections],
];

test.for(HOSTILE_CLIENTS)(
  '%s: the others are as fast as before and lose nothing',
  async ([fault, misbehave]) => {
    await using scene = await startScene({ seed: seedOf(fault), nodes: 2, measures: true });
    scene.forgetLatency();
    await misbehave(scene, performance.now() + LASTS_MS);
    const p99Ms = scene.latencyMs(99);
    process.stdout.write(`${fault}: relay p99 ${p99Ms} ms\n`);
    const exact = await scene.untilExact(5_000);
    await scene.untilFlowing();
    const figures = await judge(scene, { fault, exact, p99Ms });
    expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
    expect(p99Ms).toBeLessThan(MOST_P99_MS);
    expect(figures.peakMemoryBytes).toBeLessThan(MOST_MEMORY_BYTES);
    expect(scene.lostLinks, 'links lost').toBe(0);
  },
);

/** All msg_servers reconnect at once, repeatedly, half of them without an orderly close. */
async function reconnectAll(scene: Scene): Promise<void> {
  for (let round = 0; round < 6; round++) {
    const { servers } = scene.crowd;
    await Promise.all(servers.map((server, i) => server.reconnect(i % 2 === 0 ? 'close' : 'cut')));
    await delay(1_500);
  }
}

/** Two devices of each of ten users on two msg_servers log in repeatedly: each kicks the other. */
async function kickEachOther(scene: Scene): Promise<void> {
  const [one, other] = scene.crowd.servers;
  for (const untilMs = performance.now() + 5_000; performance.now() < untilMs; ) {
    for (let n = 0; n < 10; n++) {
      one?.login(0x6000_0000 + n, CLIENT_TYPE.windows);
      other?.login(0x6000_0000 + n, CLIENT_TYPE.windows);
    }
    await delay(20);
  }
}

/** Opens links that stop inside large PDUs, until the node closes one for it. */
async function stopInLargePdus({ cluster }: Scene): Promise<void> {
  const node = cluster.node(0);
  const open = await stopInsidePdus(node);
  await node.waitForLog('link-closed', ({ reason }) => reason === 'pdu-too-slow', 2 * LASTS_MS);
  for (const socket of open) socket.destroy();
}

const STORMS: readonly (readonly [name: string, storm: (scene: Scene) => Promise<void>])[] = [
  ['all msg_servers reconnect at once, six times', reconnectAll],
  ['devices that kick each other', kickEachOther],
  ['links that stop inside large PDUs', stopInLargePdus],
];

test.for(STORMS)('%s: presence is exact, nothing is lost', async ([fault, storm]) => {
  await using scene = await startScene({ seed: seedOf(fault) });
  await storm(scene);
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0 });
  expect(figures.peakMemoryBytes).toBeLessThan(MOST_MEMORY_BYTES);
  expect(scene.lostLinks, 'links lost').toBe(0);
});
