import { expect, test } from 'vitest';
import { pair, send } from './testing/test-cluster.ts';

test('stops waiting for a node that is silent for leaveMs, though its lease lives', async () => {
  const { world, a } = await pair();
  world.hub.cut('b');
  send(a, world, '1');
  world.clock.advance(2500);
  expect(a.bus.counters.awaitedNodes).toBe(1);
  world.clock.advance(1000);
  expect(a.bus.counters.awaitedNodes).toBe(0);
  expect(a.bus.counters.windowBytes).toBe(0);
  expect(a.losses).toEqual([]);
});

test('a node cut off past its lease delays no other node, and receives missed frames when it is back', async () => {
  const { world, a, b } = await pair();
  world.hub.cut('b');
  send(a, world, '1');
  world.clock.advance(5000);
  a.bus.setLiveNodes(['a']);
  send(a, world, '2', '3');
  expect(a.bus.counters.windowBytes).toBe(0);
  world.clock.advance(15_000);
  world.hub.mend('b');
  world.list('a', 'b');
  world.clock.advance(1000);
  expect(b.entries).toEqual(['a 0 1', 'a 0 2', 'a 0 3']);
  expect([...a.losses, ...b.losses]).toEqual([]);
});

test('what only a node without a lease lacks is let go of without a word', async () => {
  const { world, a } = await pair();
  world.hub.cut('b');
  send(a, world, '1');
  a.bus.setLiveNodes(['a']);
  send(a, world, '2');
  world.clock.advance(40_000);
  expect(a.losses).toEqual([]);
  expect(a.bus.counters.framesDropped).toBe(0);
});

test('leases that ran out while this node heard nothing do not end the wait', async () => {
  const { world, a, b } = await pair();
  for (const node of ['a', 'b']) world.hub.cut(node);
  send(a, world, '1');
  world.clock.advance(20_000);
  world.hub.mend('a');
  a.bus.setLiveNodes(['a']);
  world.clock.advance(500);
  world.hub.mend('b');
  world.clock.advance(500);
  expect(b.entries).toEqual(['a 0 1']);
  expect(b.losses).toEqual([]);
});

test('a node stopped until its lease ended learns how much it missed, and receives nothing twice', async () => {
  const { world, a, b } = await pair();
  send(a, world, '1', '2');
  world.hub.cut('b');
  send(a, world, '3', '4', '5');
  world.clock.advance(12_000);
  a.bus.setLiveNodes(['a']);
  world.clock.advance(120_000);
  world.hub.mend('b');
  world.clock.advance(500);
  send(a, world, '6');
  expect(b.entries).toEqual(['a 0 1', 'a 0 2', 'a 0 6']);
  expect(b.losses).toEqual([{ sender: 'a', frames: 3, reason: 'skipped' }]);
});

test('a sender that was silent until it was forgotten is not heard twice', async () => {
  const { world, a, b } = await pair({ retentionMs: 600_000 });
  world.lose('b', 'a');
  send(a, world, '1');
  world.hub.cut('a');
  world.clock.advance(5000);
  b.bus.setLiveNodes(['b']);
  world.clock.advance(120_000);
  world.hub.setFaults();
  world.hub.mend('a');
  world.list('a', 'b');
  world.clock.advance(1000);
  send(a, world, '2');
  expect(b.entries).toEqual(['a 0 1', 'a 0 2']);
  expect(b.losses).toEqual([]);
});
