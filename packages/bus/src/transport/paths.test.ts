import { expect, test } from 'vitest';
import type { BusLimits } from '../options.ts';
import { type RecordedBus, recordedBus } from '../testing/recorder.ts';
import { pair, send, TestCluster } from '../testing/test-cluster.ts';
import { sizeOf } from '../wire/data-frame.ts';
import type { BusTransport } from './transport.ts';

/**
 * The transport of a node that does not hear what is published to it alone, as with an older ACL.
 */
function deafToItsOwn({ hub }: TestCluster): BusTransport {
  const transport = hub.join('another-name');
  return {
    hearsOwn: false,
    open: (events) => transport.open(events),
    reopen: () => transport.reopen(),
    publish: (frame, to) => transport.publish(frame, to),
    settled: () => transport.settled(),
    close: () => transport.close(),
  };
}

async function addDeaf(world: TestCluster, nodeId: string): Promise<RecordedBus> {
  const bus = recordedBus({ nodeId, transport: deafToItsOwn(world), clock: world.clock });
  world.nodes.push(bus);
  await bus.bus.start();
  return bus;
}

test('entries for a node that does not hear its own channel come over the channel of all', async () => {
  const { world, a, b } = await pair();
  const c = await addDeaf(world, 'c');
  world.list('a', 'b', 'c');
  world.clock.advance(1000);
  const text = (n: number): Buffer => Buffer.from(String(n));
  for (let n = 0; n < 200; n++) {
    a.bus.send(0, text(n), n % 3 === 0 ? undefined : 'c');
    world.clock.advance(200);
  }
  world.clock.advance(1000);
  expect(c.entries).toEqual(Array.from({ length: 200 }, (_, n) => `a 0 ${n}`));
  expect(b.entries).toHaveLength(67);
  expect([...a.losses, ...b.losses, ...c.losses]).toEqual([]);
  expect(a.bus.counters).toMatchObject({ windowBytes: 0, framesRedelivered: 0 });
});

/** A node that notes how large its publishes are. */
async function addMeasured(
  world: TestCluster,
  nodeId: string,
  limits: Partial<BusLimits>,
): Promise<{ node: RecordedBus; sizes: number[] }> {
  const inner = world.hub.join(nodeId);
  const sizes: number[] = [];
  const transport: BusTransport = {
    hearsOwn: true,
    open: (events) => inner.open(events),
    reopen: () => inner.reopen(),
    publish: (frame, to) => {
      sizes.push(sizeOf(frame));
      return inner.publish(frame, to);
    },
    settled: () => inner.settled(),
    close: () => inner.close(),
  };
  const node = recordedBus({ nodeId, transport, clock: world.clock, limits });
  world.nodes.push(node);
  await node.bus.start();
  return { node, sizes };
}

test.for([undefined, 'b'])(
  'no publish is larger than maxFrameBytes, and what is large comes whole (to %s)',
  async (to) => {
    const limits = { maxFrameBytes: 4096, batchBytes: 1024, windowBytes: 40_000 };
    const world = new TestCluster();
    const { node: a, sizes } = await addMeasured(world, 'a', limits);
    const b = await world.add('b', limits);
    const c = await world.add('c', limits);
    world.list('a', 'b', 'c');
    world.clock.advance(1000);
    const large = 'x'.repeat(300_000);
    a.bus.send(1, Buffer.from('before'), to);
    a.bus.send(2, Buffer.from(large), to);
    a.bus.send(1, Buffer.from('after'), to);
    // As fast as the window has room, so that it cannot exceed Redis's output limit.
    world.clock.advance(0);
    expect(a.bus.counters.windowBytes).toBeLessThan(50_000);
    world.clock.advance(5000);
    const whole = ['a 1 before', `a 2 ${large}`, 'a 1 after'];
    expect(b.entries).toEqual(whole);
    expect(c.entries).toEqual(to === undefined ? whole : []);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4096);
    expect(a.bus.counters.windowBytes).toBe(0);
  },
);

test('a large entry with a lost frame is not delivered at all, and the loss is counted', async () => {
  const limits = { maxFrameBytes: 4096, batchBytes: 1024, retentionMs: 3000 };
  const world = new TestCluster();
  const a = await world.add('a', limits);
  const b = await world.add('b', limits);
  world.list('a', 'b');
  world.clock.advance(1000);
  world.lose('a', 'b', ({ frame }) => frame.includes('yyy'));
  a.bus.send(1, Buffer.from(`${'x'.repeat(9000)}yyy${'z'.repeat(9000)}`));
  world.clock.advance(5000);
  send(a, world, 'next');
  world.clock.advance(1000);
  expect(b.entries).toEqual(['a 0 next']);
  expect(b.losses.reduce((sum, { frames }) => sum + frames, 0)).toBeGreaterThan(0);
  expect(a.losses.reduce((sum, { frames }) => sum + frames, 0)).toBeGreaterThan(0);
});

test('a flush waits for what others lack up to its time limit, even while the transport is away', async () => {
  const { world, a, b } = await pair();
  for (const node of ['a', 'b']) world.hub.cut(node);
  send(a, world, '1', '2');
  let result: boolean | undefined;
  void a.bus.flush(20_000).then((flushed) => {
    result = flushed;
  });
  await pass(world, 8000);
  expect(result).toBeUndefined();
  for (const node of ['a', 'b']) world.hub.mend(node);
  await pass(world, 1000);
  expect(b.entries).toEqual(['a 0 1', 'a 0 2']);
  // Which nodes there are it knows again once the leases have been read.
  world.list('a', 'b');
  await pass(world, 1000);
  expect(result).toBe(true);
});

test('a flush waits for what its caller waits for besides, within its time', async () => {
  const { world, a } = await pair();
  let isDone = false;
  const results: boolean[] = [];
  const flush = (ms: number): void => {
    void a.bus.flush(ms, () => isDone).then((flushed) => results.push(flushed));
  };
  flush(500);
  flush(20_000);
  await pass(world, 1000);
  expect(results).toEqual([false]);
  isDone = true;
  await pass(world, 300);
  expect(results).toEqual([false, true]);
});

test('what a node that closes could not send is counted on both sides', async () => {
  const { world, a, b } = await pair();
  send(a, world, '1');
  world.clock.advance(500);
  world.lose('a', 'b', ({ frame }) => frame.includes('lost'));
  send(a, world, 'lost', 'lost too');
  world.clock.advance(500);
  const closed = a.bus.close();
  await pass(world, 500);
  await closed;
  expect(a.losses).toEqual([{ sender: 'a', frames: 2, reason: 'dropped' }]);
  expect(b.losses).toEqual([{ sender: 'a', frames: 2, reason: 'skipped' }]);
  expect(b.entries).toEqual(['a 0 1']);
});

test('what a node that closes had no room to publish is counted on both sides', async () => {
  const { world, a, b } = await pair({ windowBytes: 4000, flushMs: 500 });
  world.lose('b', 'a');
  for (let n = 0; n < 20; n++) send(a, world, `${n}`.padEnd(500, 'x'));
  const came = b.entries.length;
  expect(came).toBeLessThan(20);
  const closed = a.bus.close();
  await pass(world, 500);
  await closed;
  expect(b.losses).toEqual([{ sender: 'a', frames: 20 - came, reason: 'skipped' }]);
  // The node cannot know which of the rest arrived: it received no acks.
  expect(a.losses).toEqual([{ sender: 'a', frames: 20, reason: 'dropped' }]);
});

// Failed while a closing node counted only what nodes with a lease lacked.
test('a closing node counts the frames that it retains for a node cut off past its lease', async () => {
  const { world, a } = await pair();
  world.clock.advance(1000);
  world.hub.cut('b');
  send(a, world, '1', '2');
  world.clock.advance(5000);
  a.bus.setLiveNodes(['a']);
  send(a, world, '3');
  const closed = a.bus.close();
  await pass(world, 500);
  await closed;
  expect(a.losses).toEqual([{ sender: 'a', frames: 3, reason: 'dropped' }]);
});

test('what a node that is cut off and closes had for nodes that may have joined is counted', async () => {
  const world = new TestCluster();
  const a = await world.add('a');
  a.bus.setLiveNodes(['a']);
  world.clock.advance(1000);
  send(a, world, 'to no node');
  world.hub.cut('a');
  send(a, world, '1', '2');
  const closed = a.bus.close();
  await pass(world, 500);
  await closed;
  expect(a.losses).toEqual([{ sender: 'a', frames: 2, reason: 'dropped' }]);
});

test('a node that closes after one that it knows has died does not wait for it', async () => {
  const { world, a } = await pair();
  world.clock.advance(1000);
  world.hub.cut('b');
  world.clock.advance(4000);
  a.bus.setLiveNodes(['a']);
  send(a, world, '1');
  let flushed: boolean | undefined;
  void a.bus.flush(20_000).then((result) => {
    flushed = result;
  });
  await pass(world, 100);
  expect(flushed).toBe(true);
});

test('a node with a new connection sends to all until it knows which nodes joined meanwhile', async () => {
  const { world, a } = await pair();
  world.clock.advance(1000);
  expect(a.bus.membershipComplete).toBe(true);
  world.hub.cut('a');
  world.clock.advance(100);
  world.hub.mend('a');
  world.clock.advance(50);
  expect([a.bus.responsive, a.bus.membershipComplete]).toEqual([true, false]);
  world.list('a', 'b');
  world.clock.advance(1000);
  expect(a.bus.membershipComplete).toBe(true);
});

/** Lets time pass, and what promises set off happen. */
async function pass(world: TestCluster, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    world.clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
