import { expect, test } from 'vitest';
import { recordedBus } from '../testing/recorder.ts';
import { Stoppable } from '../testing/stoppable.ts';
import { pair, send, TestCluster } from '../testing/test-cluster.ts';
import type { BusTransport } from '../transport/transport.ts';
import { FRAME_TYPES } from '../wire/header.ts';

test('a node that joins starts with what is sent once it is known', async () => {
  const world = new TestCluster();
  const a = await world.add('a');
  a.bus.setLiveNodes(['a']);
  world.clock.advance(1000);
  send(a, world, 'before');
  const b = await world.add('b');
  world.clock.advance(300);
  send(a, world, 'after');
  expect(b.entries).toEqual(['a 0 after']);
  expect(b.losses).toEqual([]);
});

test('a node that is alone publishes no entries until it hears another node', async () => {
  const world = new TestCluster();
  const a = await world.add('a');
  a.bus.setLiveNodes(['a']);
  world.clock.advance(1000);
  send(a, world, 'to nobody');
  expect(a.bus.counters.framesSent).toBe(0);
  const b = await world.add('b');
  world.clock.advance(1);
  expect(a.bus.counters.awaitedNodes).toBe(0);
  send(a, world, 'to b');
  world.clock.advance(300);
  expect(a.bus.counters.framesSent).toBe(1);
  expect(b.entries).toEqual(['a 0 to b']);
});

test('a node publishes nothing more after the last other node has left', async () => {
  const { world, a, b } = await pair();
  send(a, world, '1');
  world.clock.advance(300);
  await b.bus.close();
  world.clock.advance(1);
  a.bus.setLiveNodes(['a']);
  send(a, world, '2');
  expect(a.bus.counters.framesSent).toBe(1);
  expect(b.entries).toEqual(['a 0 1']);
});

test('a joining node is known, and must receive every frame, before the next heartbeat of any node', async () => {
  const world = new TestCluster();
  const a = await world.add('a');
  world.clock.advance(260);
  const b = await world.add('b');
  world.clock.advance(100);
  send(a, world, '1');
  expect(a.bus.counters.awaitedNodes).toBe(1);
  expect(b.entries).toEqual(['a 0 1']);
});

test('a silent node is awaited again once it is heard and has a lease', async () => {
  const { world, a } = await pair();
  world.hub.cut('b');
  a.bus.setLiveNodes(['a']);
  world.clock.advance(20_000);
  expect(a.bus.counters.awaitedNodes).toBe(0);
  world.hub.mend('b');
  world.clock.advance(300);
  expect(a.bus.counters.awaitedNodes).toBe(0);
  a.bus.setLiveNodes(['a', 'b']);
  expect(a.bus.counters.awaitedNodes).toBe(1);
});

test('a node with a lease receives frames sent before it hears anything', async () => {
  const world = new TestCluster();
  const a = await world.add('a');
  a.bus.setLiveNodes(['a', 'b']);
  send(a, world, 'before');
  const b = await world.add('b');
  world.clock.advance(600);
  expect(b.entries).toEqual(['a 0 before']);
});

test('a node that is heard loses nothing before its lease shows', async () => {
  const world = new TestCluster();
  const a = await world.add('a');
  a.bus.setLiveNodes(['a']);
  const b = await world.add('b');
  world.clock.advance(300);
  a.bus.setLiveNodes(['a']);
  world.lose('a', 'b');
  send(a, world, '1', '2');
  world.hub.setFaults();
  world.clock.advance(1000);
  expect(b.entries).toEqual(['a 0 1', 'a 0 2']);
  expect(b.losses).toEqual([]);
});

test('a node without a lease is not awaited', async () => {
  const world = new TestCluster();
  const a = await world.add('a');
  await world.add('b');
  a.bus.setLiveNodes(['a']);
  world.clock.advance(1000);
  expect(a.bus.counters.awaitedNodes).toBe(0);
});

test('a starting node has joined once each other node has named its first frame', async () => {
  const { world } = await pair();
  const c = await world.add('c');
  world.clock.advance(100);
  expect(c.bus.joined).toBe(false);
  c.bus.setLiveNodes(['a', 'b', 'c']);
  world.clock.advance(200);
  expect(c.bus.joined).toBe(true);
});

test('a starting node waits only briefly for silent nodes and for unknown ones', async () => {
  const { world } = await pair();
  world.hub.cut('a');
  world.hub.cut('b');
  const listed = await world.add('c');
  listed.bus.setLiveNodes(['a', 'c']);
  world.clock.advance(700);
  expect(listed.bus.joined).toBe(false);
  world.clock.advance(300);
  expect(listed.bus.joined).toBe(true);

  const alone = await new TestCluster().add('d');
  alone.bus.setLiveNodes(['d']);
  expect(alone.bus.joined).toBe(false);
});

test('what is for all goes to the only other node alone, and not back to its sender', async () => {
  const { world, a } = await pair();
  world.clock.advance(500);
  const ways = dataWays(world);
  send(a, world, '1', '2');
  expect(ways).toEqual(['a to b', 'a to b']);
});

test('where there are several others, one frame goes to all', async () => {
  const { world, a } = await pair();
  await world.add('c');
  world.clock.advance(300);
  const ways = dataWays(world);
  send(a, world, '1');
  expect(ways).toEqual(['a to a', 'a to b', 'a to c']);
});

test('a node that does not hear its own channel is sent what is for all', async () => {
  const world = new TestCluster();
  const a = await world.add('a');
  const b = recordedBus({ nodeId: 'b', transport: deafToItsOwn(world), clock: world.clock });
  await b.bus.start();
  world.list('a', 'b');
  world.clock.advance(300);
  send(a, world, '1');
  expect(b.entries).toEqual(['a 0 1']);
});

// A node that reads late does not know which nodes joined meanwhile: its frames must go to all.
test('a node that joins misses nothing of one that has not read of it yet and knows one other', async () => {
  const { world, a } = await pair();
  world.hub.setFaults(({ to }) => [to === 'a' ? 5000 : 0]);
  const c = await world.add('c');
  c.bus.setLiveNodes(['a', 'b', 'c']);
  world.clock.advance(1200);
  expect(c.bus.joined).toBe(true);
  send(a, world, '1', '2', '3');
  expect(c.entries).toEqual([]);
  world.clock.advance(10_000);
  expect(c.entries).toEqual(['a 0 1', 'a 0 2', 'a 0 3']);
  expect(c.losses).toEqual([]);
});

test('what is for all comes to a node that joins, whatever for another one goes with it', async () => {
  const { world, a, b } = await pair();
  world.hub.setFaults(({ to }) => [to === 'a' ? 5000 : 0]);
  const c = await world.add('c');
  c.bus.setLiveNodes(['a', 'b', 'c']);
  world.clock.advance(1200);
  const text = (n: number): Buffer => Buffer.from(String(n));
  a.bus.send(0, text(1));
  a.bus.send(0, text(2), 'b');
  a.bus.send(0, text(3));
  a.bus.send(0, text(4), 'b');
  a.bus.send(0, text(5));
  world.clock.advance(10_000);
  expect(b.entries).toEqual(['a 0 1', 'a 0 2', 'a 0 3', 'a 0 4', 'a 0 5']);
  expect(c.entries).toEqual(['a 0 1', 'a 0 3', 'a 0 5']);
  expect([...b.losses, ...c.losses]).toEqual([]);
});

test('what is for all comes to it also when doubt has come only after something for another one', async () => {
  const { world, a, b } = await pair();
  world.hub.setFaults(({ from, to }) => [from === 'c' && to === 'a' ? 5000 : 0]);
  const c = await world.add('c');
  c.bus.setLiveNodes(['a', 'b', 'c']);
  world.clock.advance(1200);
  expect(a.bus.membershipComplete).toBe(true);
  a.bus.send(0, Buffer.from('1'), 'b');
  a.bus.setLiveNodes(['b']);
  expect(a.bus.membershipComplete).toBe(false);
  a.bus.send(0, Buffer.from('2'));
  world.clock.advance(10_000);
  expect(b.entries).toEqual(['a 0 1', 'a 0 2']);
  expect(c.entries).toEqual(['a 0 2']);
});

/** 'a' stands still, 'b' knows it, 'c' joins: before the lease of 'a' has ended, or after. */
async function joinsBesideOneThatStands(joins: 'before' | 'after') {
  const world = new TestCluster();
  const standing = new Stoppable(world.clock, world.hub.join('a'));
  const a = recordedBus({ nodeId: 'a', transport: standing, clock: standing });
  world.nodes.push(a);
  await a.bus.start();
  const b = await world.add('b');
  world.list('a', 'b');
  world.clock.advance(300);
  standing.stop();
  world.clock.advance(2500);
  const lists = (...ids: string[]): void => {
    for (const { bus } of world.nodes) if (bus !== a.bus) bus.setLiveNodes(ids);
  };
  if (joins === 'after') lists('b');
  const c = await world.add('c');
  lists(...(joins === 'after' ? ['b', 'c'] : ['a', 'b', 'c']));
  world.clock.advance(1500);
  expect(c.bus.joined).toBe(true);
  lists('b', 'c');
  world.clock.advance(1000);
  return { world, standing, a, b, c };
}

test.for(['before', 'after'] as const)(
  'a node that stood still past its lease misses nothing of one that joined meanwhile (%s the lease had ended)',
  async (joins) => {
    const { world, standing, a, b, c } = await joinsBesideOneThatStands(joins);
    send(c, world, '1', '2');
    c.bus.send(0, Buffer.from('3'), 'b');
    send(c, world, '4');
    world.clock.advance(2000);
    standing.go();
    world.list('a', 'b', 'c');
    world.clock.advance(5000);
    expect(b.entries).toEqual(['c 0 1', 'c 0 2', 'c 0 3', 'c 0 4']);
    expect(a.entries).toEqual(['c 0 1', 'c 0 2', 'c 0 4']);
    expect([...a.losses, ...b.losses, ...c.losses]).toEqual([]);
  },
);

test('frames lost on the way to a node stopped past its lease are redelivered to it', async () => {
  const { world, standing, a, c } = await joinsBesideOneThatStands('after');
  world.lose(
    'c',
    'a',
    ({ frame }) => frame[1] === FRAME_TYPES.data || frame[1] === FRAME_TYPES.linked,
  );
  send(c, world, '1', '2');
  world.hub.setFaults();
  world.clock.advance(1000);
  standing.go();
  world.list('a', 'b', 'c');
  world.clock.advance(5000);
  expect(a.entries).toEqual(['c 0 1', 'c 0 2']);
  expect(a.losses).toEqual([]);
});

test('a node that is known only from what another one says of it is forgotten when that is too long ago', async () => {
  const { world, c } = await joinsBesideOneThatStands('after');
  const known = (): string[] => c.bus.peers.map(({ node }) => node);
  expect(known()).toEqual(['b', 'a']);
  world.clock.advance(120_000);
  expect(known()).toEqual(['b']);
});

test('a node that has a lease and is not heard is forgotten some time after its lease has ended', async () => {
  const world = new TestCluster();
  const a = await world.add('a');
  a.bus.setLiveNodes(['a', 'b']);
  world.clock.advance(1000);
  const known = (): string[] => a.bus.peers.map(({ node }) => node);
  a.bus.setLiveNodes(['a']);
  world.clock.advance(1000);
  expect(known()).toEqual(['b']);
  world.clock.advance(120_000);
  expect(known()).toEqual([]);
});

test('a node that has left is not known to one that joins afterwards', async () => {
  const { world, a } = await pair();
  await a.bus.close();
  world.clock.advance(300);
  const c = await world.add('c');
  world.clock.advance(1000);
  expect(c.bus.peers.map(({ node }) => node)).toEqual(['b']);
});

/** Records the sender and the receiver of each data frame from now on. */
function dataWays({ hub }: TestCluster): string[] {
  const ways: string[] = [];
  hub.setFaults(({ frame, from, to }) => {
    if (frame[1] === FRAME_TYPES.data) ways.push(`${from} to ${to}`);
    return [0];
  });
  return ways;
}

/** The transport of a node 'b' that does not hear what is published to it alone. */
function deafToItsOwn({ hub }: TestCluster): BusTransport {
  const transport = hub.join('not b');
  return {
    hearsOwn: false,
    open: (events) => transport.open(events),
    reopen: () => transport.reopen(),
    publish: (frame, to) => transport.publish(frame, to),
    settled: () => transport.settled(),
    close: () => transport.close(),
  };
}
