import { sharedRedisUrl, uniqueNamespace } from '@route/fixtures';
import { type RedisClient, runScript } from '@route/redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../testing/node.ts';
import { nodesKeys, presenceKeys, SCHEMA, type ShardKeys } from './keys.ts';
import { SCRIPTS } from './scripts.ts';
import { UpdateBatch } from './shard-calls.ts';

const NODE = 'node';
const LINK = 'node.1';

let redis: RedisClient;
beforeAll(async () => {
  redis = await connect(sharedRedisUrl());
});
afterAll(() => redis.disconnect());

interface Shard {
  readonly keys: ShardKeys;
  readonly apply: (stamp: number, ...operations: (string | number)[]) => Promise<unknown>;
  readonly survey: (stamp: number) => Promise<unknown>;
  readonly release: (before: number, stamp: number | '', limit: number) => Promise<unknown>;
  readonly stored: () => Promise<unknown>;
}

/** One shard of a namespace of its own. */
function newShard(): Shard {
  const [keys] = presenceKeys(uniqueNamespace());
  if (keys === undefined) throw new Error('there is no shard');
  const { users, links, meta, linkUsers, pending, announcedOffline } = keys;
  return {
    keys,
    survey: (stamp) => {
      const args = [users, links, meta, linkUsers, pending, announcedOffline, NODE, stamp];
      return runScript(redis, SCRIPTS.surveyShard, args);
    },
    apply: (stamp, ...operations) => {
      const saying = new UpdateBatch();
      for (let i = 0; i < operations.length; i += 3) {
        const [link, userId, holding] = operations.slice(i, i + 3);
        saying.set(String(link), Number(userId), String(holding));
      }
      const scriptKeys = [users, links, meta, linkUsers, pending, announcedOffline];
      const args = [NODE, stamp, stamp === 1 ? '' : stamp - 1, 0, ...saying.args];
      return runScript(redis, SCRIPTS.applyUpdates, [...scriptKeys, ...args]);
    },
    release: (before, stamp, limit) => {
      const args = [
        users,
        links,
        meta,
        linkUsers + LINK,
        pending,
        LINK,
        NODE,
        before,
        stamp,
        limit,
        0,
        '',
      ];
      return runScript(redis, SCRIPTS.releaseLink, args);
    },
    stored: async () => {
      const { '@clock': _, ...stamps } = await redis.hgetall(meta);
      const sets = [links, linkUsers + LINK].map(async (key) => (await redis.smembers(key)).sort());
      return [await redis.hgetall(users), stamps, await Promise.all(sets)];
    },
  };
}

/** Runs a script twice. The second run must not change the stored data. */
async function expectTwiceAsOnce(shard: Shard, run: () => Promise<unknown>): Promise<void> {
  await run();
  const once = await shard.stored();
  await run();
  expect(await shard.stored()).toEqual(once);
}

test('updates set the entries of each link, and are refused a second time', async () => {
  const shard = newShard();
  const operations = [LINK, 7, 'w1', '', 7, '', LINK, 8, 'i2', LINK, 7, '', LINK, 9, 'a1'];
  await shard.apply(1, ...operations);
  await expect(shard.apply(1, ...operations)).rejects.toThrow('LOST');
  expect(await redis.hgetall(shard.keys.users)).toEqual({
    8: `m;${LINK}=i2;`,
    9: `m;${LINK}=a1;`,
  });
});

test('each operation returns the state right after it, and versions grow over the calls', async () => {
  const shard = newShard();
  const operations = [LINK, 7, 'i1', '', 7, '', LINK, 7, 'w1i1', '', 7, '', LINK, 7, '', '', 7, ''];
  const first = await shard.apply(1, ...operations);
  expect(first).toEqual([expect.any(Number), '112200', [], []]);
  // Simulates a clock that went back: that of a new primary may be behind.
  await redis.hset(shard.keys.meta, '@clock', 4_000_000_000_000_000);
  expect(await shard.apply(2, LINK, 7, 'w1', LINK, 8, 'w1')).toEqual([
    4_000_000_000_000_001,
    '22',
    [],
    [],
  ]);
  expect(await shard.apply(3, LINK, 7, '')).toEqual([4_000_000_000_000_003, '0', [], []]);
});

test('an update that takes a user offline cancels the pending announcement and returns an earlier one', async () => {
  const shard = newShard();
  const { pending, announcedOffline } = shard.keys;
  await redis.zadd(announcedOffline, '1700000000000000', '7');
  await redis.zadd(pending, '60000', '8');
  await redis.zadd(pending, '60000', '9');
  // The user's mobile client goes, which announces no status.
  const reply = await shard.apply(1, LINK, 7, '!', LINK, 8, '!i1', LINK, 9, '');
  expect(reply).toEqual([expect.any(Number), '010', [], ['7', '1700000000000000']]);
  expect(await redis.zrange(pending, 0, '-1')).toEqual(['9']);
});

test('a call that comes after a later one of its node is refused and changes nothing', async () => {
  const shard = newShard();
  await shard.apply(1, LINK, 7, 'w1');
  await shard.survey(5);
  const before = await shard.stored();
  await expect(shard.apply(4, LINK, 7, '', LINK, 8, 'w1')).rejects.toThrow('STALE');
  await expect(shard.release(3, 4, 10)).rejects.toThrow('STALE');
  await expect(shard.survey(4)).rejects.toThrow('STALE');
  expect(await shard.stored()).toEqual(before);
});

test('a call that does not follow the last one of its node is refused: Redis has lost writes', async () => {
  const shard = newShard();
  await shard.survey(1);
  await shard.apply(2, LINK, 7, 'w1');
  for (const lose of [
    () => redis.hset(shard.keys.meta, NODE, 1),
    () => redis.del(shard.keys.meta),
  ]) {
    await lose();
    await expect(shard.apply(3, LINK, 7, '')).rejects.toThrow('LOST');
    await expect(shard.release(2, 3, 10)).rejects.toThrow('LOST');
  }
  expect(await redis.hgetall(shard.keys.users)).toEqual({ 7: `p;${LINK}=w1;` });
});

test('a link released in several calls is gone, and others stay', async () => {
  const shard = newShard();
  await shard.apply(1, LINK, 7, 'w1', 'node.2', 7, 'i1', LINK, 8, 'm1', LINK, 9, 'a1');
  expect(await shard.release(1, 2, 2)).toContain(1);
  expect(await shard.release(2, 3, 2)).toContain(0);
  expect(await redis.hgetall(shard.keys.users)).toEqual({ 7: 'm;node.2=i1;' });
  expect(await redis.smembers(shard.keys.links)).toEqual(['node.2']);
});

test('a release returns the users who lost their last PC client', async () => {
  const shard = newShard();
  await shard.apply(1, LINK, 7, 'w1', 'node.2', 7, 'i1', LINK, 8, 'm1', 'node.2', 8, 'w2');
  await shard.apply(2, LINK, 9, 'a1', LINK, 10, 'w1i1');
  const [remaining, ...lost] = [await shard.release(2, 3, 10)].flat();
  expect(remaining).toBe(0);
  expect(lost.sort()).toEqual(['10', '7']);
});

test('a reaper is refused if the node has written since it read the stamp, and otherwise may run twice', async () => {
  const shard = newShard();
  await shard.apply(1, LINK, 7, 'w1', LINK, 8, 'w1');
  const before = await shard.stored();
  await expect(shard.release(0, '', 10)).rejects.toThrow('FENCED');
  expect(await shard.stored()).toEqual(before);
  await expectTwiceAsOnce(shard, () => shard.release(1, '', 10));
  expect(await redis.exists(shard.keys.users, shard.keys.links)).toBe(0);
});

test('a dead node is forgotten once, and not if it has written since', async () => {
  const shard = newShard();
  await shard.apply(1, LINK, 7, 'w1');
  const forget = (stamp: number): Promise<unknown> =>
    runScript(redis, SCRIPTS.forgetNode, [shard.keys.meta, NODE, stamp]);
  expect(await forget(4)).toBe(0);
  await expectTwiceAsOnce(shard, () => forget(1));
  expect(await redis.hkeys(shard.keys.meta)).toEqual(['@clock']);
});

test('lost sets of links are restored from the records, once', async () => {
  const shard = newShard();
  await shard.apply(1, LINK, 7, 'w1', 'node.2', 7, 'i1', LINK, 8, 'm1');
  const whole = await shard.stored();
  const { users, links, linkUsers } = shard.keys;
  await redis.del(links, linkUsers + LINK);
  const mend = (): Promise<unknown> =>
    runScript(redis, SCRIPTS.mendLinks, [users, links, linkUsers, '0', 100]);
  expect(await mend()).toEqual(['0', 2, 0]);
  expect(await mend()).toEqual(['0', 0, 0]);
  expect(await shard.stored()).toEqual(whole);
});

test('only a call that knows the end of a lease renews it', async () => {
  const keys = Object.values(nodesKeys(uniqueNamespace()));
  const renew = async (end: string): Promise<{ held: unknown; end: string; epoch: unknown }> => {
    const args = [...keys, NODE, 5_000, end, 'about me', 0, 0, 0, SCHEMA, 64];
    const reply = await runScript(redis, SCRIPTS.renewLease, args);
    const [held, next, leases, about, epoch] = Array.isArray(reply) ? reply : [];
    expect([leases, about]).toEqual([
      [NODE, next],
      [NODE, 'about me'],
    ]);
    return { held, end: String(next), epoch };
  };
  const first = await renew('');
  const second = await renew(first.end);
  const third = await renew(first.end);
  expect([first.held, second.held, third.held]).toEqual([0, 1, 0]);
  expect([first.epoch, second.epoch, third.epoch]).toEqual([1, 1, 2]);
  expect(new Set([first.end, second.end, third.end]).size).toBe(3);
});
