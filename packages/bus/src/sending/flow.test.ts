import { expect, test } from 'vitest';
import { pair, send, TestCluster } from '../testing/test-cluster.ts';

const LIMITS = { windowBytes: 4000 };

test('the window is shared: each of two nodes may have half of it under way', async () => {
  const { world, a } = await pair(LIMITS);
  world.hub.cut('b');
  send(a, world, 'x'.repeat(1900));
  expect(a.bus.full).toBe(false);
  send(a, world, 'x'.repeat(100));
  expect(a.bus.full).toBe(true);
  expect(a.bus.counters.shareBytes).toBe(2000);
});

test('what is queued for this tick counts as well', async () => {
  const { a } = await pair(LIMITS);
  a.bus.send(0, Buffer.alloc(2000));
  expect(a.bus.full).toBe(true);
});

test('a full window opens when half of it has been taken in', async () => {
  const { world, a, b } = await pair(LIMITS);
  b.bus.setRoom(false);
  send(a, world, ...Array.from({ length: 4 }, () => 'x'.repeat(500)));
  world.clock.advance(1000);
  expect(a.bus.full).toBe(true);
  b.bus.setRoom(true);
  world.clock.advance(10);
  expect(a.full).toEqual([true, false]);
});

test('a node without room hands on what comes, and takes no more than a window', async () => {
  const { world, a, b } = await pair(LIMITS);
  b.bus.setRoom(false);
  send(a, world, 'x'.repeat(2000));
  world.clock.advance(1000);
  expect(b.entries).toHaveLength(1);
  expect(a.bus.full).toBe(true);
});

test('a node that never has room stops the others for the time limit only, and loses nothing', async () => {
  const { world, a, b } = await pair(LIMITS);
  b.bus.setRoom(false);
  send(a, world, 'x'.repeat(2000));
  world.clock.advance(31_000);
  expect(a.bus.full).toBe(false);
  expect([...a.losses, ...b.losses]).toEqual([]);
});

test('a stream larger than the window runs without waiting for the clock', async () => {
  const { world, a, b } = await pair(LIMITS);
  for (let sent = 0; sent < 100; sent++) {
    if (a.bus.full) world.clock.advance(5);
    expect(a.bus.full).toBe(false);
    send(a, world, 'x'.repeat(500));
  }
  expect(b.entries).toHaveLength(100);
});

test('a node that is alone is never full', async () => {
  const world = new TestCluster();
  const a = await world.add('a', LIMITS);
  a.bus.setLiveNodes(['a']);
  send(a, world, 'x'.repeat(5000), 'x'.repeat(5000));
  expect(a.full).toEqual([]);
});

test('after a long absence no more than a share is repeated between two announcements', async () => {
  const { world, a, b } = await pair(LIMITS);
  world.hub.cut('b');
  send(a, world, ...Array.from({ length: 40 }, () => 'x'.repeat(500)));
  world.hub.mend('b');
  world.clock.advance(250);
  expect(a.bus.counters.framesRedelivered).toBeLessThanOrEqual(8);
  world.clock.advance(4000);
  expect(b.entries).toHaveLength(40);
});
