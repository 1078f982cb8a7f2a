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

const { interestChange, interestSync } = MESSAGE_TYPES;

/** Forged messages that may have replaced those of n1 to n0, or kept them from arriving. */
const FORGED: readonly (readonly [string, number, Buffer])[] = [
  ['interest in a user removed', interestChange, holding(1, false)],
  ['interest in a user of another node', interestChange, holding(2, true)],
  ['no interest in a shard', interestSync, Buffer.from([...INTEREST_SYNC.shard, 0])],
  ['the start of its list', interestSync, INTEREST_SYNC.begins],
  ['interest in every PDU', interestSync, INTEREST_SYNC.wantsAll],
  ['a wrong checksum', interestSync, sumOf({ wantsAll: true, sum: 77 })],
];

async function nodesWithUsers(): Promise<{ world: DeliveryWorld; links: readonly HeardLink[] }> {
  const world = await DeliveryWorld.of(3, 1);
  const { links } = world;
  const [, b, c] = links;
  if (b === undefined || c === undefined) throw new Error('there are no links');
  // Include users of each shard.
  for (let user = 1; user <= 400; user += 2) world.holds(user, b);
  for (let user = 2; user <= 400; user += 2) world.holds(user, c);
  await world.clock.pass(3000);
  return { world, links };
}

test.each(FORGED)(
  'recovers within 5 s from a forged message in the name of a node: %s',
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

test('nodes send their lists once while nothing is forged', async () => {
  const { world, links } = await nodesWithUsers();
  const said = vi.spyOn(links[0]?.node.bus ?? world.nodes[0]?.bus ?? expect.fail(), 'send');
  for (const link of links) for (let user = 1; user <= 50; user++) world.holds(user, link);
  await world.clock.pass(7000);
  const asked = said.mock.calls.filter(([, bytes]) => bytes.equals(INTEREST_SYNC.asked));
  expect(asked).toEqual([]);
  expect(said.mock.calls.filter(([, , to]) => to === undefined).length).toBeGreaterThan(2);
});
