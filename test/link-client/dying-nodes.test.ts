import { waitFor } from '@route/fixtures';
import { CLIENT_TYPE, MSG_TYPE, RouteClient, USER_STATUS } from '@route/link-client';
import { expect, test } from 'vitest';
import { waitForPresence } from '../cluster/statuses.ts';
import { openLink, type RouteNode, startCluster } from '../harness/index.ts';

const FAST = { reconnectFirstMs: 200, reconnectMostMs: 1_000 };

function addressOf({ host, port }: RouteNode): string {
  return `${host}:${port}`;
}

/** A client of these nodes that has one user online on Windows. */
function clientOf(nodes: readonly RouteNode[], userId: number, links: 'each' | 'any' = 'any') {
  const client = new RouteClient({
    ...FAST,
    addresses: nodes.map(addressOf),
    links,
    snapshot: () => [{ userId, status: USER_STATUS.online, clientType: CLIENT_TYPE.windows }],
  });
  const texts: string[] = [];
  client.on('msg_data', ({ msgData }) => texts.push(msgData.toString()));
  client.connect();
  return { client, texts };
}

function send(from: RouteClient, text: string): void {
  const message = { fromUserId: 1, toSessionId: 2, msgId: 1, createTime: 0 };
  const msgData = Buffer.from(text);
  from.send('msg_data', { ...message, msgType: MSG_TYPE.singleText, msgData });
}

test('a client of a killed node reconnects to another, with its users and its messages', async () => {
  await using cluster = await startCluster({ nodes: 3, env: { ROUTE_LEASE_SECONDS: '3' } });
  const [a, b, c] = [cluster.node(0), cluster.node(1), cluster.node(2)];
  const { client: steady, texts } = clientOf([c], 1);
  const { client: moving, texts: movingTexts } = clientOf([a, b], 2);
  await using stack = new AsyncDisposableStack();
  for (const client of [steady, moving]) {
    stack.use(client);
    await client.writable();
    await client.query([0]);
  }
  send(moving, 'over a');
  await waitFor(() => texts.includes('over a'), { what: 'the first message' });

  await a.kill();
  await waitFor(() => moving.up[0] === addressOf(b), {
    what: 'the other node',
    deadlineMs: 10_000,
  });
  await moving.query([0]);
  send(moving, 'over b');
  send(steady, 'back');
  await waitFor(() => texts.includes('over b'), { what: 'the second message' });
  await waitFor(() => movingTexts.includes('back'), { what: 'the answer' });
  expect(texts).toEqual(['over a', 'over b']);
  expect((await steady.query([1, 2, 3])).stats).toMatchObject([
    { status: USER_STATUS.online },
    { status: USER_STATUS.online },
    { status: USER_STATUS.offline },
  ]);

  // What the dead node held goes with its lease: nothing but the link on b speaks for the user.
  await moving.close();
  const link = stack.use(await openLink(c));
  await waitForPresence([link], { online: [1], offline: [2], deadlineMs: 15_000 });
});

test('of links to several nodes, the oldest other one becomes master when the master’s node is killed', async () => {
  await using cluster = await startCluster({ nodes: 3, env: { ROUTE_LINKS: 'master' } });
  const [a, b, c] = [cluster.node(0), cluster.node(1), cluster.node(2)];
  await using stack = new AsyncDisposableStack();
  const { client: listener, texts } = clientOf([c], 1);
  const { client } = clientOf([a, b], 2, 'each');
  stack.use(listener);
  stack.use(client);
  await waitFor(() => client.up.length === 2 && listener.up.length === 1, { what: 'all links' });
  await client.query([0]);
  await listener.query([0]);
  send(client, 'one');
  await waitFor(() => texts.length > 0, { what: 'the first message' });

  const [killed, other] = client.up[0] === addressOf(a) ? [a, b] : [b, a];
  await killed.kill();
  await waitFor(() => client.up.join() === addressOf(other), { what: 'the other master' });
  send(client, 'two');
  await waitFor(() => texts.length > 1, { what: 'the second message' });
  expect(texts).toEqual(['one', 'two']);
  expect((await listener.query([2])).stats).toEqual([{ userId: 2, status: USER_STATUS.online }]);
});
