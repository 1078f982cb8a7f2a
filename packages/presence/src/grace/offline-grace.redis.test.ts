import { sharedRedisUrl, uniqueNamespace, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { presenceKeys } from '../redis/keys.ts';
import { client, updateOf } from '../testing/asking.ts';
import { startLiveNode, type TestNode } from '../testing/node.ts';
import { OfflineGrace } from './offline-grace.ts';

interface Teller {
  readonly lost: OfflineGrace;
  readonly told: string[];
  readonly versions: Map<number, number>;
}

/** Announces pending users for a node. */
function tellerOf(node: TestNode, namespace: string, perSecond = 1_000_000): Teller {
  const told: string[] = [];
  const versions = new Map<number, number>();
  const lost = new OfflineGrace({
    redis: node.redis,
    namespace,
    perSecond,
    presence: node.presence,
    lost: (userId, state, version) => {
      told.push(`${userId} ${state}`);
      versions.set(userId, version);
    },
    back: (update, toldVersion, version) => node.back.push({ update, toldVersion, version }),
    failed: (reason) => told.push(`failed: ${reason}`),
  });
  return { lost, told, versions };
}

async function waiting(node: TestNode, namespace: string): Promise<string[]> {
  const keys = presenceKeys(namespace);
  const lists = await Promise.all(keys.map(({ pending }) => node.redis.zrange(pending, '0', '-1')));
  return lists.flat().sort();
}

function start(namespace: string, offlineGraceMs: number, leaseMs = 5_000): Promise<TestNode> {
  return startLiveNode({ url: sharedRedisUrl(), namespace, offlineGraceMs, leaseMs });
}

async function openWith(node: TestNode, ...users: number[]): Promise<string> {
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  for (const user of users) {
    await updateOf(node.presence, link, client(user, 'windows', 'online'));
  }
  return link;
}

test('a node that was reaped learns with its late OFFLINE that another has announced the user', async () => {
  const namespace = uniqueNamespace();
  await using a = await start(namespace, 1, 1_000);
  await using b = await start(namespace, 1, 1_000);
  const link = await openWith(a, 1);
  a.lease.stop();
  a.presence.suspended();
  const outcome = await updateOf(a.presence, link, client(1, 'windows', 'offline'));
  expect(outcome).toEqual({ kind: 'later' });
  await waitFor(
    async () => {
      await b.reaper.sweep();
      await b.lost.look();
      return b.announced.length > 0;
    },
    { what: 'the user to be announced', deadlineMs: 10_000 },
  );
  a.lease.start();
  await waitFor(() => a.lateCommits.length > 0, { what: 'the commit', deadlineMs: 10_000 });
  expect(a.lateCommits).toMatchObject([{ state: 'gone', hadClient: true }]);
  expect(a.presence.isGraceOver(1)).toBe(true);
});

test('users of a closed link are announced once, by one node, unless they are back', async () => {
  const namespace = uniqueNamespace();
  await using a = await start(namespace, 1);
  await using b = await start(namespace, 1);
  const link = await openWith(a, 1, 2, 3, 4);
  await updateOf(a.presence, link, client(5, 'ios', 'online'));
  const other = await openWith(b, 3);
  await updateOf(b.presence, other, client(4, 'android', 'online'));
  a.presence.closeLink(link, 'release');
  await a.settled();
  expect(await waiting(a, namespace)).toEqual(['1', '2', '4']);
  await updateOf(b.presence, other, client(2, 'mac', 'online'));
  expect(await waiting(a, namespace)).toEqual(['1', '4']);

  const tellers = [tellerOf(a, namespace), tellerOf(b, namespace)];
  await waitFor(
    async () => {
      await Promise.all(tellers.map(({ lost }) => lost.look()));
      return (await waiting(a, namespace)).length === 0;
    },
    { what: 'all lost users to be told of' },
  );
  expect(tellers.flatMap(({ told }) => told).sort()).toEqual(['1 gone', '4 mobile-only']);
});

test('an announcement has a version between those of the commits before and after it', async () => {
  const namespace = uniqueNamespace();
  await using node = await start(namespace, 1);
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  const before = await updateOf(node.presence, link, client(1, 'windows', 'online'));
  node.presence.closeLink(link, 'release');
  const teller = tellerOf(node, namespace);
  await waitFor(
    async () => {
      await teller.lost.look();
      return teller.told.length > 0;
    },
    { what: 'the user to be told of' },
  );
  const next = node.newLink();
  node.presence.openLink(next, { standby: false });
  const after = await updateOf(node.presence, next, client(1, 'windows', 'online'));
  if (before.kind !== 'committed' || after.kind !== 'committed') throw new Error('not committed');
  const version = teller.versions.get(1) ?? 0;
  expect(version).toBeGreaterThan(before.version);
  expect(version).toBeLessThan(after.version);
});

test('users of a dead node are announced after a grace that begins with the reaping', async () => {
  const namespace = uniqueNamespace();
  await using dead = await start(namespace, 1, 1_000);
  await using other = await start(namespace, 1, 1_000);
  await openWith(dead, 1, 2);
  dead.lease.stop();
  await waitFor(() => other.members().dead.includes(dead.nodeId), { what: 'the lease to end' });
  await other.reaper.sweep();
  expect(await waiting(other, namespace)).toEqual(['1', '2']);
});

test('users are announced even if Redis was emptied before their link ended', async () => {
  const namespace = uniqueNamespace();
  await using node = await start(namespace, 1);
  const link = await openWith(node, 1, 2);
  for (const keys of presenceKeys(namespace)) {
    await node.redis.unlink(keys.users, keys.links, keys.meta, keys.linkUsers + link);
  }
  node.presence.closeLink(link, 'release');
  await node.settled();
  expect(await waiting(node, namespace)).toEqual(['1', '2']);
});

test('no user is announced before the grace is over, or if it is 0', async () => {
  const namespace = uniqueNamespace();
  await using patient = await start(namespace, 60_000);
  await using never = await start(namespace, 0);
  patient.presence.closeLink(await openWith(patient, 1), 'release');
  never.presence.closeLink(await openWith(never, 2), 'release');
  await patient.settled();
  await never.settled();
  const teller = tellerOf(patient, namespace);
  await teller.lost.look();
  expect(teller.told).toEqual([]);
  expect(await waiting(patient, namespace)).toEqual(['1']);
});

test('announced users who return in a snapshot are corrected once, those who log in anew are not', async () => {
  const namespace = uniqueNamespace();
  await using node = await start(namespace, 1);
  node.presence.closeLink(await openWith(node, 1, 2, 3), 'release');
  const teller = tellerOf(node, namespace);
  await waitFor(
    async () => {
      await teller.lost.look();
      return teller.told.length === 3;
    },
    { what: 'three users to be told of' },
  );
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  node.presence.addClients(link, [client(1, 'mac', 'leave'), client(3, 'ios', 'online')]);
  await updateOf(node.presence, link, client(2, 'windows', 'online'));
  await waitFor(() => node.back.length > 0, { what: 'a user to be back' });
  node.presence.resync();
  node.presence.addClients(link, [client(2, 'mac', 'online')]);
  await node.settled();
  expect(node.back).toMatchObject([
    { update: client(1, 'mac', 'leave'), toldVersion: teller.versions.get(1) },
  ]);
  expect(node.back[0]?.version).toBeGreaterThan(teller.versions.get(1) ?? Number.POSITIVE_INFINITY);
  const keys = presenceKeys(namespace);
  const remembered = await Promise.all(
    keys.map(({ announcedOffline }) => node.redis.zrange(announcedOffline, '0', '-1')),
  );
  expect(remembered.flat()).toEqual(['3']);
});

test('announces at most perSecond users, even if that is fewer than the shards', async () => {
  const namespace = uniqueNamespace();
  await using node = await start(namespace, 1);
  const users = Array.from({ length: 300 }, (_, i) => i);
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  node.presence.addClients(
    link,
    users.map((user) => client(user, 'windows', 'online')),
  );
  await node.settled();
  node.presence.closeLink(link, 'release');
  await node.settled();
  expect(await waiting(node, namespace)).toHaveLength(users.length);
  const teller = tellerOf(node, namespace, 10);
  // Two checks per second.
  const tellAfterLooks = async (looks: number): Promise<number> => {
    for (let i = 0; i < looks; i++) await teller.lost.look();
    return teller.told.length;
  };
  await waitFor(async () => (await tellAfterLooks(1)) > 0, { what: 'the grace to be over' });
  const before = teller.told.length;
  expect(before).toBeLessThanOrEqual(5);
  expect(await tellAfterLooks(8)).toBe(before + 40);
});

test('announcements older than a day are removed even if no user is pending', async () => {
  const namespace = uniqueNamespace();
  await using node = await start(namespace, 1);
  const dayMicros = 86_400_000_000;
  const now = Date.now() * 1000;
  for (const { announcedOffline } of presenceKeys(namespace)) {
    await node.redis.zadd(
      announcedOffline,
      now - 2 * dayMicros,
      'old',
      now - dayMicros / 2,
      'recent',
    );
  }
  await tellerOf(node, namespace).lost.look();
  for (const { announcedOffline } of presenceKeys(namespace)) {
    expect(await node.redis.zrange(announcedOffline, 0, '-1')).toEqual(['recent']);
  }
});
