import { waitFor } from '@route/fixtures';
import { CLIENT_TYPE, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { messagePdu, startCluster, startRouteNode, type TestLink } from '../harness/index.ts';
import { openKnownLink, openKnownLinks } from './known-links.ts';
import {
  clientsOf,
  notificationsOn,
  offline,
  online,
  onlineAmong,
  waitForPresence,
} from './statuses.ts';

const MASTER_LINKS = { nodes: 2, env: { ROUTE_LINKS: 'master' } };

/** A link's query is answered after every PDU sent to the link before. */
async function settled(...links: readonly TestLink[]): Promise<void> {
  for (const link of links) await link.query([1]);
}

test('of a msg_server with a link to each of two nodes only the master link receives and counts', async () => {
  await using cluster = await startCluster(MASTER_LINKS);
  // Links 0 and 1 belong to one msg_server; 2 and 3 are the master links of two others.
  await using set = await openKnownLinks(cluster.nodes, 4);
  const [master, second, near, far] = [set.link(0), set.link(1), set.link(2), set.link(3)];
  for (const link of [master, near, far]) link.roleSet(true);
  for (const link of [master, second]) link.online(clientsOf([1, 2]));
  await waitForPresence([near, far], { online: [1, 2] });

  near.msgData(9, 1);
  await master.waitForPdus(1);
  await far.waitForPdus(1);
  await settled(master, second, far);
  expect(master.received.map(({ bytes }) => bytes)).toEqual([messagePdu(9, 1)]);
  expect(second.received).toEqual([]);

  // A user counted twice would still be online.
  for (const link of [master, second]) link.status(offline(1));
  const told = [{ kind: 'status', userId: 1, value: USER_STATUS.offline }];
  for (const link of [master, near, far]) {
    await waitFor(() => notificationsOn(link).length > 0, { what: 'the notification' });
  }
  await settled(second);
  far.msgData(9, 2);
  await master.waitForPdus(3);
  await near.waitForPdus(2);
  for (const link of [master, near, far]) expect(notificationsOn(link)).toEqual(told);
  expect(second.received).toEqual([]);
  expect(await onlineAmong(far, [1, 2])).toEqual([2]);
});

test('reports of a second link take effect when it is promoted', async () => {
  await using cluster = await startCluster(MASTER_LINKS);
  await using set = await openKnownLinks(cluster.nodes, 4);
  const [master, second, near, far] = [set.link(0), set.link(1), set.link(2), set.link(3)];
  for (const link of [master, near, far]) link.roleSet(true);
  for (const link of [master, second]) {
    link.online(clientsOf([1, 2, 3]));
    link.status(online(4));
    link.status(offline(3));
  }
  await waitForPresence([near, far], { online: [1, 2, 4], offline: [3] });

  await master.close();
  await waitForPresence([near, far], { online: [], offline: [1, 2, 3, 4] });
  second.roleSet(true);
  await waitForPresence([near, far, second], { online: [1, 2, 4], offline: [3] });
  near.msgData(9, 1);
  await second.waitForPdus(1);
  second.status(offline(4));
  await waitForPresence([near, far, second], { online: [1, 2], offline: [3, 4] });
});

test('a demoted link neither receives nor counts until it is promoted again', async () => {
  await using cluster = await startCluster(MASTER_LINKS);
  await using set = await openKnownLinks(cluster.nodes, 3);
  const [changing, far, near] = [set.link(0), set.link(1), set.link(2)];
  for (const link of set.links) link.roleSet(true);
  changing.online(clientsOf([1]));
  await waitForPresence([far], { online: [1] });

  changing.roleSet(false);
  await waitForPresence([far, changing], { online: [], offline: [1] });
  changing.status({ userId: 2, status: USER_STATUS.online, clientType: CLIENT_TYPE.mac });
  far.msgData(9, 1);
  await near.waitForPdus(1);
  await settled(changing);
  expect(changing.received).toEqual([]);

  changing.roleSet(true);
  await waitForPresence([far, near], { online: [1, 2] });
  far.msgData(9, 2);
  const [message] = await changing.waitForPdus(1);
  expect(message?.bytes).toEqual(messagePdu(9, 2));
});

test('where all links count, an online list on a non-master link logs a warning', async () => {
  await using node = await startRouteNode({ env: { ROUTE_LINKS: 'all' } });
  await using master = await openKnownLink(node);
  await using second = await openKnownLink(node);
  master.roleSet(true);
  master.online(clientsOf([1, 2]));
  // http_msg_server lists no users.
  second.online([]);
  await settled(master, second);
  expect(node.logsOf('second-link-suspected')).toEqual([]);

  second.online(clientsOf([1, 2]));
  const { hint } = await node.waitForLog('second-link-suspected');
  expect(hint).toContain('ROUTE_LINKS=master');
  expect(await node.metric('route_second_link_snapshots_total')).toBe(1);
});
