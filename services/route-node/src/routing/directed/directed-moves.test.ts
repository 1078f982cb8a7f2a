import { expect, test } from 'vitest';
import { DeliveryWorld, type HeardLink, MOST_KEPT_BYTES } from '../testing/world.ts';

/**
 * Long enough for every node to know the interest of all others and to release what it retained.
 */
const SETTLED_MS = 1500;
const USER = 0x7ad1_c0de;
const USER_BYTES = Buffer.from('7ad1c0de', 'hex');

/** Three nodes with two or more links each: n0.0, n0.1, n1.0, ... */
async function threeNodes(
  linksEach = 2,
): Promise<{ world: DeliveryWorld; link: (id: string) => HeardLink }> {
  const world = await DeliveryWorld.of(3, linksEach);
  const link = (id: string): HeardLink => {
    const found = world.links.find((known) => known.id === id);
    if (found === undefined) throw new Error(`no link ${id}`);
    return found;
  };
  return { world, link };
}

const toUser: readonly [number, number] = [USER, USER];

test('a link gets every PDU of all nodes once while its snapshot is imported', async () => {
  const { world, link } = await threeNodes();
  world.lists(link('n0.0'), [USER]);
  await world.clock.pass(SETTLED_MS);
  world.sends(link('n0.1'), [toUser]);
  world.sends(link('n1.0'), [toUser]);
  await world.clock.pass(SETTLED_MS);
  expect(link('n0.0').heard).toEqual([0, 1]);
  expect([...link('n0.1').heard, ...link('n1.1').heard, ...link('n2.0').heard]).toEqual([]);
  world.listed(link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.sends(link('n1.0'), [toUser, [2, 2]]);
  await world.clock.pass(SETTLED_MS);
  expect(link('n0.0').heard).toEqual([0, 1, 2]);
});

test('a link gets what was sent just before its snapshot, however long the import takes', async () => {
  const { world, link } = await threeNodes();
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.sends(link('n1.0'), [toUser]);
  world.drops(USER, link('n0.0'));
  world.lists(link('n1.1'), [USER]);
  world.lists(link('n2.0'), [USER]);
  await world.clock.pass(SETTLED_MS);
  expect(link('n1.1').heard).toEqual([0]);
  expect(link('n2.0').heard).toEqual([0]);
  world.listed(link('n1.1'));
  world.listed(link('n2.0'));
  await world.clock.pass(SETTLED_MS);
  expect(link('n1.1').heard).toEqual([0]);
  expect(link('n2.0').heard).toEqual([0]);
});

test('a user that returns to a node after the message arrived there still gets it', async () => {
  const { world, link } = await threeNodes();
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.hub.setFaults(() => [10]);
  world.sends(link('n1.0'), [toUser]);
  world.holds(USER, link('n2.0'));
  world.drops(USER, link('n0.0'));
  await world.clock.pass(12);
  world.holds(USER, link('n0.1'));
  world.drops(USER, link('n2.0'));
  await world.clock.pass(SETTLED_MS);
  expect(link('n0.1').heard).toEqual([0]);
  expect(link('n0.0').heard).toEqual([]);
});

test('a user on the way to another node gets a message there, however late it arrives', async () => {
  const { world, link } = await threeNodes();
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.losesMessagesTo(['n0']);
  world.sends(link('n1.0'), [toUser]);
  await world.clock.pass(SETTLED_MS);
  world.holds(USER, link('n1.1'));
  world.drops(USER, link('n0.0'));
  world.hub.setFaults();
  await world.clock.pass(SETTLED_MS);
  expect(link('n1.1').heard).toEqual([0]);
});

test.for(['n0.1', 'n1.1'])(
  'a user that moves on before the message has followed gets it on the last link (%s)',
  async (last) => {
    const { world, link } = await threeNodes();
    world.holds(USER, link('n0.0'));
    await world.clock.pass(SETTLED_MS);
    world.losesMessagesTo(['n2'], { delayMs: 10 });
    world.sends(link('n1.0'), [toUser]);
    world.holds(USER, link('n2.0'));
    world.drops(USER, link('n0.0'));
    await world.clock.pass(SETTLED_MS);
    world.holds(USER, link(last));
    world.drops(USER, link('n2.0'));
    world.hub.setFaults();
    await world.clock.pass(SETTLED_MS);
    expect(link(last).heard).toEqual([0]);
  },
);

test('retains a replayed message as long as a new one', async () => {
  const { world, link } = await threeNodes();
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  const isWordOfUser = (frame: Buffer): boolean => frame.includes(USER_BYTES);
  world.hub.setFaults(({ frame, from, to }) =>
    from === 'n2' && to === 'n1' && isWordOfUser(frame) ? [] : [10],
  );
  world.sends(link('n1.0'), [toUser]);
  world.holds(USER, link('n2.0'));
  world.drops(USER, link('n0.0'));
  // The message has reached all nodes that it was sent to, but not the user's present node.
  await world.clock.pass(SETTLED_MS / 2);
  world.losesMessagesTo(['n2']);
  await world.clock.pass(SETTLED_MS);
  world.holds(USER, link('n1.1'));
  world.drops(USER, link('n2.0'));
  world.hub.setFaults();
  await world.clock.pass(SETTLED_MS);
  expect(link('n1.1').heard).toEqual([0]);
});

test('a user on a link that no longer receives gets a message on the next link', async () => {
  const { world, link } = await threeNodes();
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  link('n0.0').node.receivers.delete(link('n0.0'));
  world.sends(link('n1.0'), [toUser]);
  await world.clock.pass(5);
  world.holds(USER, link('n0.1'));
  await world.clock.pass(SETTLED_MS);
  expect(link('n0.1').heard).toEqual([0]);
});

test('a link that is on standby and back at once keeps the users that it reports then', async () => {
  const { world, link } = await threeNodes();
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.releases(link('n0.0'));
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.sends(link('n1.0'), [toUser]);
  await world.clock.pass(SETTLED_MS);
  expect(link('n0.0').heard).toEqual([0]);
});

test('a link without users gets nothing, and nothing is sent to its node', async () => {
  const { world, link } = await threeNodes();
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.releases(link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.sends(link('n1.0'), [toUser]);
  await world.clock.pass(SETTLED_MS);
  expect(link('n0.0').heard).toEqual([]);
  expect(link('n0.0').node.directedEntries).toBe(0);
});

test('a node at its retention limit stops reading until half of it is released', async () => {
  const { world, link } = await threeNodes();
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  const { node } = link('n1.0');
  world.losesMessagesTo(['n0']);
  for (let i = 0; i < 20; i++) {
    world.sends(
      link('n1.0'),
      Array.from({ length: 50 }, () => toUser),
    );
    await world.clock.pass(1);
  }
  expect(node.counters.retainedBytes).toBeGreaterThan(MOST_KEPT_BYTES);
  expect(node.full).toEqual([true]);
  world.hub.setFaults();
  await world.clock.pass(SETTLED_MS);
  expect(node.full).toEqual([true, false]);
  expect(node.counters.retainedBytes).toBe(0);
  expect(link('n0.0').heard).toHaveLength(1000);
  expect(node.counters.linksReached + link('n0.0').node.counters.linksReached).toBe(1000);
});

test('counts deliveries to links: broadcast, directed and replayed', async () => {
  const { world, link } = await threeNodes();
  world.sends(link('n0.0'), ['all', 'all']);
  await world.clock.pass(SETTLED_MS);
  const reached = (): number[] => world.nodes.map(({ counters }) => counters.linksReached);
  expect(reached()).toEqual([2, 4, 4]);
  world.sends(link('n0.0'), [toUser]);
  world.holds(USER, link('n0.1'));
  world.holds(USER, link('n2.0'));
  await world.clock.pass(SETTLED_MS);
  expect(reached()).toEqual([3, 4, 5]);
});

test('a kick also reaches links that later turn out to have the user', async () => {
  const { world, link } = await threeNodes();
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.hub.setFaults(() => [10]);
  world.kicks(link('n1.0'), USER);
  await world.clock.pass(12);
  for (const id of ['n0.1', 'n1.1', 'n2.0']) world.holds(USER, link(id));
  await world.clock.pass(SETTLED_MS);
  const kicked = world.links.filter(({ kicks }) => kicks.length > 0).map(({ id }) => id);
  expect(kicked).toEqual(['n0.0', 'n0.1', 'n1.1', 'n2.0']);
});

test('a kick does not follow its user to a link that has the user kicked later', async () => {
  const { world, link } = await threeNodes();
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.hub.setFaults(() => [10]);
  world.kicks(link('n1.0'), USER);
  world.holds(USER, link('n1.0'));
  await world.clock.pass(25);
  for (const id of ['n0.1', 'n1.1', 'n2.0']) {
    world.kicks(link(id), USER);
    world.holds(USER, link(id));
    await world.clock.pass(25);
  }
  await world.clock.pass(SETTLED_MS);
  // Each link gets the kicks of the links that the user logged in to after it, one of each.
  const kicks = Object.fromEntries(world.links.map(({ id, kicks: { length } }) => [id, length]));
  expect(kicks).toEqual({ 'n0.0': 4, 'n0.1': 2, 'n1.0': 3, 'n1.1': 1, 'n2.0': 0, 'n2.1': 0 });
});

/** The node of a link dies; the others do not know it for a while. */
function dies(world: DeliveryWorld, name: string): void {
  world.hub.cut(name);
}

test.for([
  { to: 'n1.1', by: 'a status update' },
  { to: 'n2.0', by: 'a status update' },
  { to: 'n1.1', by: 'a list' },
  { to: 'n2.0', by: 'a list' },
])(
  'a msg_server whose node has died does not get again what it got there ($to, $by)',
  async ({ to, by }) => {
    const { world, link } = await threeNodes();
    world.holds(USER, link('n0.0'));
    await world.clock.pass(SETTLED_MS);
    world.sends(link('n1.0'), [toUser]);
    await world.clock.pass(250);
    dies(world, 'n0');
    await world.clock.pass(10);
    expect(link('n0.0').heard).toEqual([0]);
    world.sends(link('n1.0'), [toUser]);
    await world.clock.pass(100);
    const opened = link(to);
    if (by === 'a list') {
      world.lists(opened, [USER]);
      await world.clock.pass(200);
      world.listed(opened);
    } else {
      world.holds(USER, opened);
    }
    await world.clock.pass(SETTLED_MS);
    // Later messages did not arrive there, and are replayed.
    expect(opened.heard).toEqual([1]);
  },
);

/** Closes a link. */
function closes(world: DeliveryWorld, link: HeardLink): void {
  link.node.receivers.delete(link);
  link.node.delivery.setReceiving(link, false);
  world.releases(link);
  link.node.delivery.closed(link.id);
}

/** Opens a link in another one's place: it receives from now on. */
function opens(link: HeardLink): void {
  link.node.receivers.delete(link);
  link.node.delivery.setReceiving(link, false);
  link.node.receivers.add(link);
  link.node.delivery.setReceiving(link, true);
}

const OTHER = 5;

/** A msg_server takes longer to reconnect than a heartbeat takes between nodes. */
const RELINK_MS = 20;

test.for([
  { end: 'its node dies', to: 'n1.1' },
  { end: 'its node dies', to: 'n2.0' },
  { end: 'it is closed', to: 'n0.1' },
  { end: 'it is closed', to: 'n1.1' },
  { end: 'it is closed', to: 'n2.0' },
])(
  'a msg_server does not get its own messages back on another link when $end ($to)',
  async ({ end, to }) => {
    for (const lists of [false, true]) {
      const { world, link } = await threeNodes();
      world.holds(USER, link('n0.0'));
      world.holds(OTHER, link('n1.0'));
      await world.clock.pass(SETTLED_MS);
      world.sends(link('n0.0'), [[USER, OTHER], [USER, 999], 'all']);
      await world.clock.pass(20);
      if (end === 'it is closed') closes(world, link('n0.0'));
      else dies(world, 'n0');
      await world.clock.pass(RELINK_MS);
      const opened = link(to);
      opened.heard.length = 0;
      opens(opened);
      if (lists) {
        world.lists(opened, [USER]);
        await world.clock.pass(50);
        world.listed(opened);
      } else {
        world.holds(USER, opened);
      }
      await world.clock.pass(SETTLED_MS);
      expect(opened.heard).toEqual([]);
      expect(link('n1.0').heard).toEqual([0, 2]);
    }
  },
);

test.for(['n0.1', 'n1.1', 'n2.0'])(
  'a msg_server does not get back what its closed link had sent and is relayed later (%s)',
  async (to) => {
    const { world, link } = await threeNodes();
    world.holds(USER, link('n0.0'));
    world.holds(OTHER, link('n1.0'));
    await world.clock.pass(SETTLED_MS);
    closes(world, link('n0.0'));
    await world.clock.pass(5);
    // It waited behind a status update of the same link.
    world.sends(link('n0.0'), [[USER, OTHER]]);
    await world.clock.pass(RELINK_MS);
    const opened = link(to);
    opens(opened);
    world.holds(USER, opened);
    await world.clock.pass(SETTLED_MS);
    expect(opened.heard).toEqual([]);
    expect(link('n1.0').heard).toEqual([0]);
  },
);

test('a msg_server that reconnects to its node does not get again what it got', async () => {
  const { world, link } = await threeNodes(3);
  world.holds(USER, link('n0.0'));
  await world.clock.pass(SETTLED_MS);
  world.sends(link('n0.1'), [toUser]);
  closes(world, link('n0.0'));
  await world.clock.pass(5);
  // While it has no link, its messages are retained for a moment.
  world.sends(link('n0.1'), [toUser]);
  await world.clock.pass(5);
  expect(link('n0.0').heard).toEqual([0]);
  const opened = link('n0.2');
  opens(opened);
  world.holds(USER, opened);
  await world.clock.pass(SETTLED_MS);
  expect(opened.heard).toEqual([1]);
});

test('what was sent to a node before it was forgotten is not sent to it again once it is back', async () => {
  const { world, link } = await threeNodes();
  const [n0] = world.nodes;
  if (n0 === undefined) throw new Error('no node');
  world.holds(USER, link('n1.0'));
  await world.clock.pass(SETTLED_MS);
  // It hears what is sent to it, and is not heard.
  world.hub.setFaults(({ from }) => (from === 'n1' ? [] : [20]));
  n0.bus.setLiveNodes(['n0', 'n2']);
  const isKnown = (): boolean => n0.bus.peers.some(({ node }) => node === 'n1');
  await world.clock.pass(29_000);
  for (let sent = 0; isKnown(); sent++) {
    if (sent > 200) throw new Error('n1 is not forgotten');
    world.sends(link('n0.0'), [toUser]);
    await world.clock.pass(25);
  }
  world.hub.setFaults(() => [20]);
  await world.clock.pass(SETTLED_MS);
  expect(link('n1.0').heard).toEqual(world.concerns.map((_, msgId) => msgId));
});
