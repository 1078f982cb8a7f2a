import { expect, test, vi } from 'vitest';
import {
  INTEREST_BYTES,
  INTEREST_SYNC,
  MESSAGE_TYPES,
  sumOf,
  writeInterestChange,
} from '../bus-messages.ts';
import { DeliveryWorld, type HeardLink } from '../testing/world.ts';

vi.setConfig({ testTimeout: 120_000 });

function holding(userId: number, held: boolean): Buffer {
  const bytes = Buffer.alloc(INTEREST_BYTES);
  writeInterestChange(bytes, 0, { userId, held });
  return bytes;
}

const { holdings, listing } = MESSAGE_TYPES;

/** What may have stood in the place of what n1 has told n0, or have kept it from coming. */
const FORGED: readonly (readonly [string, number, Buffer])[] = [
  ['that it holds a user no longer', holdings, holding(1, false)],
  ['that it holds a user of another node', holdings, holding(2, true)],
  ['that it holds nobody of a shard', listing, Buffer.from([...INTEREST_SYNC.shard, 0])],
  ['that its list begins', listing, INTEREST_SYNC.begins],
  ['that a link of it is to get everything', listing, INTEREST_SYNC.wantsAll],
  ['a wrong sum', listing, sumOf({ wantsAll: true, sum: 77 })],
];

async function nodesWithUsers(): Promise<{ world: DeliveryWorld; links: readonly HeardLink[] }> {
  const world = await DeliveryWorld.of(3, 1);
  const { links } = world;
  const [, b, c] = links;
  if (b === undefined || c === undefined) throw new Error('there are no links');
  // Users of each shard are among them.
  for (let user = 1; user <= 400; user += 2) world.holds(user, b);
  for (let user = 2; user <= 400; user += 2) world.holds(user, c);
  await world.clock.pass(3000);
  return { world, links };
}

test.each(FORGED)(
  'where a node is falsely said to tell %s, it is set right within 5 s',
  async (_, kind, bytes) => {
    const { world, links } = await nodesWithUsers();
    const [a, b, c] = links;
    if (a === undefined || b === undefined || c === undefined)
      throw new Error('there are no links');
    a.node.delivery.entry(kind, bytes, { node: 'n1', frame: 1 });
    await world.clock.pass(5000);
    const { doubtfulPdus } = a.node.counters;
    world.sends(
      a,
      Array.from({ length: 400 }, (_, i) => [i + 1, i + 1] as const),
    );
    await world.clock.pass(100);
    expect(a.node.counters.doubtfulPdus).toBe(doubtfulPdus);
    expect(b.heard).toEqual(Array.from({ length: 200 }, (_, i) => 2 * i));
    expect(c.heard).toEqual(Array.from({ length: 200 }, (_, i) => 2 * i + 1));
  },
);

test('nodes list their users once as long as nothing is forged', async () => {
  const { world, links } = await nodesWithUsers();
  const said = vi.spyOn(links[0]?.node.bus ?? world.nodes[0]?.bus ?? expect.fail(), 'send');
  for (const link of links) for (let user = 1; user <= 50; user++) world.holds(user, link);
  await world.clock.pass(7000);
  const asked = said.mock.calls.filter(([, bytes]) => bytes.equals(INTEREST_SYNC.asked));
  expect(asked).toEqual([]);
  expect(said.mock.calls.filter(([, , to]) => to === undefined).length).toBeGreaterThan(2);
});
