import { shardOf } from '@route/redis';
import { expect, test } from 'vitest';
import { INTEREST_BYTES, INTEREST_SYNC, MESSAGE_TYPES } from '../bus-messages.ts';
import { SteppedClock } from '../testing/world.ts';
import { InterestSync } from './interest-sync.ts';

const USERS = Array.from({ length: 50_000 }, (_, i) => 1 + i * 7919);

/** A sync, and what it has sent: users and sync messages. */
function scene(all = USERS) {
  const clock = new SteppedClock();
  const users: number[] = [];
  const said: number[][] = [];
  const bus = {
    full: false,
    send: (kind: number, bytes: Buffer) => {
      if (kind === MESSAGE_TYPES.interestSync) said.push([...bytes]);
      for (
        let at = 0;
        kind === MESSAGE_TYPES.interestChange && at < bytes.length;
        at += INTEREST_BYTES
      ) {
        users.push(bytes.readUInt32BE(at + 1));
      }
    },
  };
  const usersOf = (shard: number): number[] => all.filter((userId) => shardOf(userId) === shard);
  const listing = new InterestSync('other', { bus, clock, usersOf, wantsAll: () => false });
  return { clock, bus, listing, users, said };
}

const [BEGINS, OWN, ENDS] = [
  INTEREST_SYNC.begins,
  INTEREST_SYNC.wantsItsOwn,
  INTEREST_SYNC.ends,
].map((what) => [...what]);

test('lists every user once, shard by shard', async () => {
  const { clock, listing, users, said } = scene();
  listing.start();
  await clock.pass(100);
  expect(users.toSorted((a, b) => a - b)).toEqual(USERS);
  const shards = Array.from({ length: 64 }, (_, shard) => [...INTEREST_SYNC.shard, shard]);
  expect(said).toEqual([BEGINS, OWN, ...shards, ENDS]);
});

test('lists all shards of a few users in one turn, so that they share a frame', async () => {
  const { clock, listing, users, said } = scene(USERS.slice(0, 400));
  listing.start();
  expect(users).toHaveLength(400);
  expect(said.at(-1)).toEqual(ENDS);
  await clock.pass(100);
  expect(said).toHaveLength(67);
});

test('waits for room on the bus', async () => {
  const { clock, bus, listing, users } = scene();
  listing.start();
  await clock.pass(1);
  bus.full = true;
  const before = users.length;
  expect(before).toBeLessThan(USERS.length);
  await clock.pass(500);
  expect(users).toHaveLength(before);
  bus.full = false;
  await clock.pass(100);
  expect(users).toHaveLength(USERS.length);
});

test('starts from the beginning when restarted, and ends when stopped', async () => {
  const { clock, listing, said } = scene();
  listing.start();
  await clock.pass(1);
  listing.start();
  await clock.pass(100);
  expect(said.filter(([what]) => what === BEGINS?.[0])).toHaveLength(2);
  expect(said.filter(([what]) => what === ENDS?.[0])).toHaveLength(1);
  expect(said.slice(-66, -64)).toEqual([OWN, [...INTEREST_SYNC.shard, 0]]);
  listing.start();
  listing.stop();
  await clock.pass(100);
  expect(said.filter(([what]) => what === ENDS?.[0])).toHaveLength(1);
});
