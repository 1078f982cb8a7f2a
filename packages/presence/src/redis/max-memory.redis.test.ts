import { startPrivateRedis, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { client, updateOf } from '../testing/asking.ts';
import { connect, startLiveNode } from '../testing/node.ts';
import { readStored } from '../testing/stored.ts';

const NAMESPACE = 'route';
/** Bytes that any server uses. */
const FULL = '500000';
const USERS = Array.from({ length: 2_000 }, (_, i) => i);

test('at maxmemory, calls that free memory succeed: clients that go, links that end, dead nodes', async () => {
  await using server = await startPrivateRedis();
  const admin = await connect(server.url);
  const options = { url: server.url, namespace: NAMESPACE, leaseMs: 2_000 };
  await using node = await startLiveNode(options);
  await using dead = await startLiveNode(options);
  for (const each of [node, dead]) {
    const link = each.newLink();
    each.presence.openLink(link, { standby: false });
    each.presence.addClients(
      link,
      USERS.map((id) => client(id, 'windows', 'online')),
    );
    await each.settled();
  }
  const own = `${node.nodeId}.0`;
  await admin.config('SET', 'maxmemory', FULL);
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  expect(await updateOf(node.presence, own, client(1, 'windows', 'offline'))).toMatchObject({
    kind: 'committed',
  });
  node.presence.closeLink(own, 'release');
  await node.settled();
  dead.lease.stop();
  await waitFor(() => node.members().dead.includes(dead.nodeId), { what: 'the lease to end' });
  await node.reaper.sweep();
  expect(node.reaped).toMatchObject([{ nodeId: dead.nodeId, usersLost: USERS.length }]);
  expect((await readStored(admin, NAMESPACE)).records.size).toBe(0);
  expect(node.leaseEvents).toEqual(['taken']);
  admin.disconnect();
});

test('at maxmemory, a link that ends is taken out while an entry in the same shard is refused', async () => {
  await using server = await startPrivateRedis();
  const admin = await connect(server.url);
  await using node = await startLiveNode({ url: server.url, namespace: NAMESPACE, leaseMs: 2_000 });
  const ends = node.newLink();
  node.presence.openLink(ends, { standby: false });
  node.presence.addClients(
    ends,
    USERS.map((id) => client(id, 'windows', 'online')),
  );
  await node.settled();
  await admin.config('SET', 'maxmemory', FULL);
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  const stays = node.newLink();
  node.presence.openLink(stays, { standby: false });
  node.presence.addClients(stays, [client(1, 'windows', 'online')]);
  await waitFor(() => node.leaseEvents.length > 2, { what: 'the entry to be refused' });
  node.presence.closeLink(ends, 'release');
  await waitFor(async () => (await readStored(admin, NAMESPACE)).records.size === 0, {
    what: 'the users of the link to go',
  });
  await admin.config('SET', 'maxmemory', '0');
  await node.settled();
  expect((await readStored(admin, NAMESPACE)).records).toEqual(new Map([[1, [`${stays}=w1`]]]));
  admin.disconnect();
});
