import { expect, test } from 'vitest';
import type { RecordedBus } from '../testing/recorder.ts';
import { pair, send, TestCluster } from '../testing/test-cluster.ts';
import { encodeAck } from '../wire/ack-frame.ts';
import { encodeData, encodeLeave } from '../wire/data-frame.ts';
import { encodeHeartbeat } from '../wire/heartbeat-frame.ts';

const FAR = 2 ** 46;
const SMALL = { windowBytes: 64 * 1024 };
const STEP_MS = 20;

/** Three nodes of which 'c' is to be the bad one. */
async function three(): Promise<{
  world: TestCluster;
  a: RecordedBus;
  b: RecordedBus;
  c: RecordedBus;
}> {
  const world = new TestCluster();
  const add = async (id: string): Promise<RecordedBus> => await world.add(id, SMALL);
  const [a, b, c] = [await add('a'), await add('b'), await add('c')];
  world.list('a', 'b', 'c');
  world.clock.advance(1000);
  return { world, a, b, c };
}

/** Sends until the node is full, at most for some seconds; returns how much went. */
function flood(node: RecordedBus, world: TestCluster, seconds: number): number {
  const entry = Buffer.alloc(1024);
  let sent = 0;
  for (let ms = 0; ms < seconds * 1000; ms += STEP_MS) {
    if (!node.bus.full) {
      node.bus.send(0, entry);
      sent += 1;
    }
    world.clock.advance(STEP_MS);
  }
  return sent;
}

test('a node with a lease that is never heard holds up no node, and is forgotten', async () => {
  const { world, a, b } = await pair(SMALL);
  const listed = (): void => world.list('a', 'b', 'no-channels');
  listed();
  expect(a.bus.counters.awaitedNodes).toBe(1);
  expect(flood(a, world, 10)).toBe(500);
  expect(b.entries).toHaveLength(500);
  for (let seconds = 0; seconds < 40; seconds++) {
    listed();
    world.clock.advance(1000);
  }
  expect(a.bus.peers.map(({ node }) => node)).toEqual(['b']);
});

test('a lease in the name of no node id is ignored', async () => {
  const { world, a } = await pair();
  world.list('a', 'b', 'no id', 'x'.repeat(33));
  expect(a.bus.peers.map(({ node }) => node)).toEqual(['b']);
});

test('nodes that take a lease, are heard and die, one after the other, cost the others nothing', async () => {
  const { world, a, b } = await pair(SMALL);
  for (let n = 0; n < 5; n++) {
    const id = `crash-${n}`;
    await world.add(id);
    world.list('a', 'b', id);
    world.clock.advance(300);
    world.hub.cut(id);
    // In the first seconds after its death it is still awaited; then its lease alone does not
    // count.
    flood(a, world, 4);
    expect(a.bus.counters.awaitedNodes).toBe(1);
    expect(a.bus.full).toBe(false);
    world.nodes.pop();
  }
  world.list('a', 'b');
  world.clock.advance(31_000);
  expect(a.bus.peers.map(({ node }) => node)).toEqual(['b']);
  expect([...a.losses, ...b.losses]).toEqual([]);
});

test('stops waiting for a node that hears nothing though it is heard, after retentionMs, until it acknowledges', async () => {
  const { world, a, b } = await three();
  world.hub.setFaults(({ to }) => (to === 'c' ? [] : [0]));
  flood(a, world, 31);
  expect(a.bus.counters.awaitedNodes).toBe(1);
  expect(flood(a, world, 5)).toBe(250);
  expect(b.losses).toEqual([]);
  world.hub.setFaults();
  world.clock.advance(3000);
  expect(a.bus.counters.awaitedNodes).toBe(2);
});

test('a node that was killed is forgotten by all survivors, though they tell joining nodes of it', async () => {
  const { world, a, b } = await three();
  world.hub.cut('c');
  world.nodes.pop();
  world.list('a', 'b');
  world.clock.advance(20_000);
  const d = await world.add('d');
  world.list('a', 'b', 'd');
  world.clock.advance(1000);
  expect(d.bus.peers.map(({ node }) => node).sort()).toEqual(['a', 'b', 'c']);
  world.clock.advance(12_000);
  const e = await world.add('e');
  world.list('a', 'b', 'd', 'e');
  world.clock.advance(1000);
  for (const { bus } of [a, b, d, e]) {
    expect(bus.peers.map(({ node }) => node)).not.toContain('c');
  }
});

test('a frame of another version is counted and reported with its sender, and has no other effect', async () => {
  const { world, a, b } = await pair();
  const stranger = world.hub.join('stranger');
  await stranger.open({ onFrame: () => {}, onUp: () => {}, onError: () => {} });
  const frame = encodeLeave({ sender: 'a', sequence: FAR });
  frame[0] = 1;
  stranger.publish([frame]);
  send(a, world, '1');
  expect(b.foreign).toEqual([{ version: 1, sender: 'a' }]);
  expect(b.bus.counters.foreign).toBe(1);
  expect(b.entries).toEqual(['a 0 1']);
});

/** Frames that any client could publish in the name of 'a', and what they would break. */
const FORGED: Readonly<Record<string, readonly Buffer[]>> = {
  'a heartbeat with a number and a tail far ahead': [heartbeat(FAR, FAR)],
  'data far ahead': [data(FAR), data(5000)],
  'data far ahead that claims to follow what is here': [linked(FAR), linked(5000)],
  'an ack that says that all is gone': [ack({ tail: 4000, gone: 4000, last: 4000 })],
  'an ack for frames that were never sent': [ack({ acked: 4000, credited: 4000 })],
  'a leave': [encodeLeave({ sender: 'a', sequence: 1 })],
  'a leave far ahead': [encodeLeave({ sender: 'a', sequence: FAR })],
  'a leave that is ahead': [encodeLeave({ sender: 'a', sequence: 4000 })],
};

function heartbeat(tail: number, seq: number): Buffer {
  const flags = { asksAck: true, hearsOwn: true };
  return encodeHeartbeat({ sender: 'a', tail, tailForAll: tail, seq, ...flags });
}

function data(sequence: number): Buffer {
  return Buffer.concat(encodeData({ sender: 'a', sequence }, [], new Set()));
}

function linked(sequence: number): Buffer {
  const origin = { sender: 'a', sequence, prevSeqs: [{ node: 'b', prevSeq: 0 }] };
  return Buffer.concat(encodeData(origin, [], new Set()));
}

function ack(fields: Partial<Parameters<typeof encodeAck>[0]>): Buffer {
  return encodeAck({
    ...{ sender: 'a', to: 'b', tail: 0, heard: FAR, owed: 1, acked: 0, credited: 0 },
    ...{ last: 0, gone: 0, hearingMs: 0, missing: [{ first: 1, last: FAR }], silent: [] },
    ...{ asksAck: true, restart: false, queued: false, ...fields },
  });
}

test.for(Object.keys(FORGED))(
  '%s, in the name of a live node, heals within seconds',
  async (name) => {
    const { world, a, b } = await pair();
    const forger = world.hub.join('forger');
    await forger.open({ onFrame: () => {}, onUp: () => {}, onError: () => {} });
    send(a, world, '1', '2');
    send(b, world, '1');
    for (const frame of FORGED[name] ?? []) forger.publish([frame]);
    send(a, world, 'meanwhile');
    send(b, world, 'meanwhile');
    world.clock.advance(4000);
    send(a, world, '3', '4');
    send(b, world, '3', '4');
    world.clock.advance(1000);
    expect(b.entries.slice(-2)).toEqual(['a 0 3', 'a 0 4']);
    expect(a.entries.slice(-2)).toEqual(['b 0 3', 'b 0 4']);
    expect(new Set(b.entries).size).toBe(b.entries.length);
    // What did not come was counted.
    if (!b.entries.includes('a 0 meanwhile')) expect(b.losses).not.toEqual([]);
    world.list('a', 'b');
    world.clock.advance(300);
    for (const { bus } of [a, b]) {
      expect(bus.counters).toMatchObject({ awaitedNodes: 1, windowBytes: 0 });
      expect(bus.peers).toMatchObject([{ behind: 0, uncredited: 0, gap: false }]);
    }
  },
);

test('frames of nodes that do not exist cost bounded memory and evict no node with a lease', async () => {
  const { world, a, b } = await pair();
  const forger = world.hub.join('forger');
  await forger.open({ onFrame: () => {}, onUp: () => {}, onError: () => {} });
  for (let n = 0; n < 600; n++) {
    const frame = encodeHeartbeat({
      ...{ sender: `forged-${n}`, tail: n, tailForAll: n, seq: 1 },
      ...{ asksAck: true, hearsOwn: true },
    });
    forger.publish([frame]);
  }
  world.clock.advance(100);
  expect(a.bus.peers.length).toBeLessThanOrEqual(256);
  expect(a.bus.peers.map(({ node }) => node)).toContain('b');
  send(a, world, '1');
  expect(b.entries).toEqual(['a 0 1']);
  for (let seconds = 0; seconds < 31; seconds++) world.clock.advance(1000);
  expect(a.bus.peers.map(({ node }) => node)).toEqual(['b']);
});
