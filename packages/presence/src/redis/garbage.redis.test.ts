import { startPrivateRedis, waitFor } from '@route/fixtures';
import { mutateText, Random } from '@route/random';
import type { RedisClient } from '@route/redis';
import { expect, test } from 'vitest';
import { client, queryOf, updateOf } from '../testing/asking.ts';
import { PresenceModel } from '../testing/model.ts';
import { connect, reconcileAll, startLiveNode, type TestNode } from '../testing/node.ts';
import { readStored } from '../testing/stored.ts';
import { nodesKeys, presenceKeys } from './keys.ts';

const NAMESPACE = 'route';
const USERS = Array.from({ length: 300 }, (_, i) => i);

interface Scene extends AsyncDisposable {
  readonly admin: RedisClient;
  readonly nodes: readonly TestNode[];
  readonly model: PresenceModel;
}

async function scene(): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await startPrivateRedis());
  const admin = await connect(server.url);
  stack.defer(() => admin.disconnect());
  const model = new PresenceModel();
  const nodes: TestNode[] = [];
  for (let i = 0; i < 2; i++) {
    const options = { url: server.url, namespace: NAMESPACE, leaseMs: 2_000 };
    const node = stack.use(await startLiveNode(options));
    nodes.push(node);
    const link = node.newLink();
    const entries = USERS.map((id) => client(id, i === 0 ? 'windows' : 'ios', 'online'));
    node.presence.openLink(link, { standby: false });
    node.presence.addClients(link, entries);
    model.open(link, false);
    model.snapshot(link, entries);
  }
  for (const node of nodes) await node.settled();
  return { admin, nodes, model, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Updates and queries every user on each node, despite the garbage. */
async function use({ nodes, model }: Scene): Promise<void> {
  for (const [i, { presence, nodeId }] of nodes.entries()) {
    const link = `${nodeId}.0`;
    const type = i === 0 ? 'mac' : 'android';
    await Promise.all(
      USERS.map((id) => {
        model.update(link, client(id, type, 'online'));
        return updateOf(presence, link, client(id, type, 'online'));
      }),
    );
    await queryOf(presence, link, USERS);
  }
}

async function untilModel({ admin, nodes, model }: Scene): Promise<void> {
  const expected = [...model.records()].sort(([a], [b]) => a - b);
  await waitFor(
    async () => {
      for (const node of nodes) {
        await node.settled();
        await reconcileAll(node);
        await node.settled();
        await node.reaper.sweep();
      }
      const { records, contradictions } = await readStored(admin, NAMESPACE);
      // Pending and announced users are remembered for a while, whatever ids the garbage named.
      expect(
        contradictions.filter((text) => !/:(?:pending|announced) is left over$/.test(text)),
      ).toEqual([]);
      expect([...records].sort(([a], [b]) => a - b)).toEqual(expected);
      return true;
    },
    { deadlineMs: 40_000, what: 'Redis to hold what the model says' },
  );
}

const TIMEOUT_MS = 90_000;

test(
  'mutated records, members, stamps and clocks are repaired and stop no node',
  async () => {
    const random = new Random(Date.now() % 2 ** 31);
    await using all = await scene();
    const { admin } = all;
    const garbage = (...corpus: string[]): string => mutateText(random, corpus);
    for (const { users, links, meta, linkUsers, pending, announcedOffline } of presenceKeys(
      NAMESPACE,
    )) {
      for (const [user, record] of Object.entries(await admin.hgetall(users))) {
        if (random.chance(0.5)) await admin.hset(users, user, garbage(record));
      }
      await admin.hset(users, garbage('12', '4294967295'), garbage('p;nobody.1=w1;'), 'abc', 'p');
      const [link = ''] = await admin.smembers(links);
      await admin.sadd(links, garbage(link), '', 'x'.repeat(300), `${all.nodes[0]?.nodeId}.zz`);
      await admin.sadd(linkUsers + link, garbage('7', '4294967295'), 'NaN', '-1');
      await admin.hset(meta, '@clock', garbage('1764261234567000'), '@grace', 'nan', '@at', 'inf');
      await admin.hset(meta, garbage('nobody'), garbage('17'));
      await admin.zadd(pending, 1, garbage('77777'), 'inf', 'later');
      await admin.zadd(announcedOffline, '-inf', garbage('7'), 'inf', '8');
      for (const { nodeId } of all.nodes) {
        if (random.chance(0.2)) await admin.hset(meta, nodeId, garbage('17', '99999999999'));
      }
    }
    await use(all);
    for (const node of all.nodes) await node.lost.look();
    await untilModel(all);
    const mended = all.nodes.reduce((sum, node) => sum + node.mended.records, 0);
    expect(mended).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  'keys of another type are deleted and made anew',
  async () => {
    await using all = await scene();
    const { admin } = all;
    const { oldLeases: _, ...nodes } = nodesKeys(NAMESPACE);
    for (const key of Object.values(nodes)) await admin.set(key, 'garbage');
    for (const [i, keys] of presenceKeys(NAMESPACE).entries()) {
      const { linkUsers, ...others } = keys;
      const name = [...Object.values(others), `${linkUsers}${all.nodes[0]?.nodeId}.0`][i % 6] ?? '';
      await admin.set(name, 'garbage');
    }
    await use(all);
    await untilModel(all);
  },
  TIMEOUT_MS,
);
