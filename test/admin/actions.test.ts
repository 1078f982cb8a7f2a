import { AdminClient } from '@route/admin-api';
import { waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { openKnownLink, openKnownLinks } from '../cluster/known-links.ts';
import { type RouteNode, startRouteNode } from '../harness/index.ts';

const TOKEN = 'the-token-of-this-test';
const ENV = { ROUTE_ADMIN_TOKEN: TOKEN, ROUTE_DRAIN_SECONDS: '1' };

function adminOf(node: RouteNode): AdminClient {
  return new AdminClient({ address: new URL(node.adminUrl).host, token: TOKEN });
}

test('closes exactly the link that is named, in good order', async () => {
  await using node = await startRouteNode({ env: ENV });
  await using set = await openKnownLinks([node], 2);
  const { links } = await adminOf(node).links();
  const [doomed = '', kept = ''] = links.map(({ link }) => link);
  expect(await adminOf(node).closeLink(doomed)).toEqual({
    node: node.id,
    link: doomed,
    peer: set.link(0).address,
  });
  expect(await set.link(0).closedByServer).toBe('ended');
  const line = await node.waitForLog('link-closed');
  expect(line).toMatchObject({ link: doomed, reason: 'closed-by-operator', level: 30 });
  const action = await node.waitForLog('admin-action');
  expect(action).toMatchObject({
    from: '127.0.0.1',
    method: 'POST',
    path: `/api/v1/links/${doomed}/close`,
  });
  await expect(adminOf(node).closeLink(doomed)).rejects.toMatchObject({
    status: 404,
    code: 'not-found',
  });
  const refused = await node.waitForLog('admin-refused');
  expect(refused).toMatchObject({ from: '127.0.0.1', reason: 'not-found' });
  await set.link(1).known();
  expect((await adminOf(node).links()).links.map(({ link }) => link)).toEqual([kept]);
});

test('a drain over the admin port is the drain of SIGTERM: links closed, then status 0', async () => {
  await using node = await startRouteNode({ env: ENV });
  await using set = await openKnownLinks([node], 4);
  node.expectEnd();
  expect(await adminOf(node).drain()).toEqual({
    node: node.id,
    draining: true,
    links: 4,
    overSeconds: 1,
  });
  // A repeated request has the same result.
  await adminOf(node).drain();
  for (const link of set.links) expect(await link.closedByServer).toBe('ended');
  expect(await node.exited).toEqual({ code: 0, signal: null });
  expect(node.logsOf('draining')).toHaveLength(1);
  expect(node.logs.at(-1)?.event).toBe('stopped');
});

test('a SIGTERM during a drain waits for it', async () => {
  await using node = await startRouteNode({ env: { ...ENV, ROUTE_DRAIN_SECONDS: '2' } });
  await using link = await openKnownLink(node);
  await using other = await openKnownLink(node);
  node.expectEnd();
  await adminOf(node).drain();
  node.signal('SIGTERM');
  await waitFor(() => node.logsOf('signal').length === 1, { what: 'the signal' });
  expect(await link.closedByServer).toBe('ended');
  expect(await other.closedByServer).toBe('ended');
  expect(await node.exited).toEqual({ code: 0, signal: null });
  expect(node.logs.at(-1)?.event).toBe('stopped');
});
