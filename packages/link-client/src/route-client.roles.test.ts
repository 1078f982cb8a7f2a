import { waitFor } from '@route/fixtures';
import { CLIENT_TYPE, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { ClientScene } from './testing/client-scene.ts';
import { RouteEnd } from './testing/route-end.ts';

const CLIENT = { userId: 7, status: USER_STATUS.online, clientType: CLIENT_TYPE.mac };

/** Two route servers, and a client whose link to the first one was up first. */
async function twoLinks(stack: AsyncDisposableStack) {
  const first = stack.use(await RouteEnd.listen());
  const reserved = await RouteEnd.listen();
  const { port, address } = reserved;
  await reserved[Symbol.asyncDispose]();
  const scene = stack.use(new ClientScene({ addresses: [first.address, address] }));
  scene.clients = [CLIENT];
  await scene.up();
  await waitFor(() => scene.told.some((line) => line.startsWith(`down ${address}`)), {
    what: 'the second address to refuse',
  });
  const second = stack.use(await RouteEnd.listen({ port }));
  scene.clock.advance(2_000);
  await waitFor(() => scene.client.up.length === 2, { what: 'the second link' });
  return { scene, first, second };
}

test('the first link up declares itself master and sends the list; others send the list alone', async () => {
  await using stack = new AsyncDisposableStack();
  const { scene, first, second } = await twoLinks(stack);
  const [master, other] = [await first.link(0), await second.link(0)];
  await waitFor(() => other.received.length > 0, { what: 'the list' });
  expect(master.received).toMatchObject([
    { command: 'role_set', fields: { master: 1 } },
    { command: 'online_user_info', fields: { userStatList: [CLIENT] } },
  ]);
  expect(other.commands()).toEqual(['online_user_info']);
  expect(scene.client.up).toEqual([first.address, second.address]);
});

test('when the master closes the oldest other link becomes master and gets no new list', async () => {
  await using stack = new AsyncDisposableStack();
  const { scene, first, second } = await twoLinks(stack);
  const other = await second.link(0);
  (await first.link(0)).socket.end();
  await waitFor(() => other.received.length > 1, { what: 'the role' });
  expect(other.commands()).toEqual(['online_user_info', 'role_set']);
  expect(scene.told.slice(-2)).toEqual([
    `down ${first.address} closed-by-node`,
    `master ${second.address}`,
  ]);

  // The old master reconnects as an ordinary link.
  scene.clock.advance(2_000);
  const back = await first.link(1);
  await waitFor(() => back.received.length > 0, { what: 'the list' });
  expect(back.commands()).toEqual(['online_user_info']);
});

test('a status update goes to all links, everything else to the master alone', async () => {
  await using stack = new AsyncDisposableStack();
  const { scene, first, second } = await twoLinks(stack);
  expect(scene.client.updateStatus({ ...CLIENT, status: USER_STATUS.offline })).toBe('sent');
  const kick = { userId: 7, clientType: CLIENT_TYPE.mac, reason: 1 };
  expect(scene.client.send('server_kick_user', kick)).toBe('sent');
  void scene.client.query([7]).catch(() => {});
  const [master, other] = [await first.link(0), await second.link(0)];
  await waitFor(() => master.received.length === 5, { what: 'all that was sent' });
  scene.client.updateStatus(CLIENT);
  await waitFor(() => other.received.length === 3, { what: 'the second update' });
  expect(master.commands().slice(2, 5)).toEqual([
    'user_status_update',
    'server_kick_user',
    'users_status_request',
  ]);
  expect(other.commands()).toEqual([
    'online_user_info',
    'user_status_update',
    'user_status_update',
  ]);
});

test('with one link for any address, the next address is tried when one fails', async () => {
  await using stack = new AsyncDisposableStack();
  const ends = [await RouteEnd.listen(), await RouteEnd.listen()] as const;
  for (const end of ends) stack.use(end);
  const [first, second] = ends;
  const addresses = ends.map(({ address }) => address);
  const scene = stack.use(new ClientScene({ addresses, links: 'any' }));
  await scene.up();
  expect(scene.client.up).toEqual([first.address]);

  scene.clients = [CLIENT];
  (await first.link(0)).socket.resetAndDestroy();
  await waitFor(() => scene.told.some((line) => line.startsWith('down')), { what: 'the end' });
  scene.clock.advance(2_000);
  const link = await second.link(0);
  await waitFor(() => link.received.length === 2, { what: 'role and list' });
  expect(link.received).toMatchObject([
    { command: 'role_set' },
    { command: 'online_user_info', fields: { userStatList: [CLIENT] } },
  ]);
});

test('the order of the other addresses is random, so that not all clients move to one node', async () => {
  await using stack = new AsyncDisposableStack();
  const ends = [await RouteEnd.listen(), await RouteEnd.listen(), await RouteEnd.listen()] as const;
  for (const end of ends) stack.use(end);
  const [first, , third] = ends;
  const draws = [0.9, 0.1];
  const random = (): number => draws.shift() ?? 0;
  const addresses = ends.map(({ address }) => address);
  const scene = stack.use(new ClientScene({ addresses, links: 'any', random }));
  (await first.link(0)).socket.end();
  await waitFor(() => scene.told.some((line) => line.startsWith('down')), { what: 'the end' });
  scene.clock.advance(4_000);
  await third.link(0);
  await scene.up();
  expect(scene.client.up).toEqual([third.address]);
});
