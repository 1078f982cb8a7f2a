import { CLIENT_TYPE, encodeMessage, GROUP_MODIFY_TYPE, MSG_TYPE } from '@route/protocol';
import { expect, test } from 'vitest';
import { startCluster, type TestLink } from '../harness/index.ts';
import { Directing } from './directing.ts';
import { openKnownLink, openKnownLinks } from './known-links.ts';
import { Markers } from './markers.ts';
import { clientsOf } from './statuses.ts';

const DIRECTED_MASTERS = { nodes: 2, env: { ROUTE_LINKS: 'master', ROUTE_DELIVERY: 'directed' } };

function messageTo(userId: number): Buffer {
  return encodeMessage('msg_data', {
    fromUserId: 900,
    toSessionId: userId,
    msgId: 1,
    createTime: 0,
    msgType: MSG_TYPE.singleText,
    msgData: Buffer.from(`to ${userId}`),
  });
}

const KICK_1 = encodeMessage('server_kick_user', {
  userId: 1,
  clientType: CLIENT_TYPE.mac,
  reason: 2,
});
const GROUP_CHANGE = encodeMessage('group_change_member_notify', {
  userId: 900,
  changeType: GROUP_MODIFY_TYPE.add,
  groupId: 9,
  curUserIdList: [1, 2],
  chgUserIdList: [2],
});
const [TO_1, TO_2] = [messageTo(1), messageTo(2)];

/** Sends all PDUs above from one link, the broadcast last, and returns what some links receive. */
async function sendAll(
  from: TestLink,
  receiving: readonly TestLink[],
  silent: readonly TestLink[],
): Promise<readonly (readonly Buffer[])[]> {
  const links = [...receiving, ...silent];
  for (const link of links) link.received.splice(0);
  from.send(TO_1, TO_2, KICK_1, GROUP_CHANGE);
  for (const link of receiving) await link.waitForPdu(({ bytes }) => bytes.equals(GROUP_CHANGE));
  // The answer arrives after all earlier PDUs.
  for (const link of silent) await link.known();
  return links.map(({ received }) => received.map(({ bytes }) => bytes));
}

test('directed: only a master link receives PDUs for its users, and a link without users can send to them', async () => {
  await using cluster = await startCluster(DIRECTED_MASTERS);
  await using directing = await Directing.of(cluster.nodes);
  // Links 0 and 1 belong to one msg_server; 2 and 3 are the master links of two others.
  await using set = await openKnownLinks(cluster.nodes, 4);
  const [master, second, empty, far] = [set.link(0), set.link(1), set.link(2), set.link(3)];
  // http_msg_server opens two links: one declares itself master, the other nothing; neither lists
  // users.
  await using web = await openKnownLink(cluster.node(1));
  await using undeclared = await openKnownLink(cluster.node(0));
  for (const link of [master, empty, far, web]) link.roleSet(true);
  for (const link of [master, second]) link.online(clientsOf([1]));
  far.online(clientsOf([2]));
  const markers = new Markers();
  await markers.pass([master, empty, far, web]);

  const fromWeb = await directing.inCertainty(() =>
    sendAll(web, [master, far, empty], [second, undeclared, web]),
  );
  const [ofMaster, ofFar, ofOthers] = [
    [TO_1, KICK_1, GROUP_CHANGE],
    [TO_2, GROUP_CHANGE],
    [GROUP_CHANGE],
  ];
  expect(fromWeb).toEqual([ofMaster, ofFar, ofOthers, [], [], []]);

  const fromUndeclared = await directing.inCertainty(() =>
    sendAll(undeclared, [master, far, empty, web], [second, undeclared]),
  );
  expect(fromUndeclared).toEqual([ofMaster, ofFar, ofOthers, ofOthers, [], []]);
});

test('directed: a second link receives PDUs for its users from its promotion on', async () => {
  await using cluster = await startCluster(DIRECTED_MASTERS);
  await using directing = await Directing.of(cluster.nodes);
  await using set = await openKnownLinks(cluster.nodes, 4);
  const [master, second, near, far] = [set.link(0), set.link(1), set.link(2), set.link(3)];
  for (const link of [master, near, far]) link.roleSet(true);
  for (const link of [master, second]) link.online(clientsOf([1]));
  far.online(clientsOf([2]));
  const markers = new Markers();
  await markers.pass([master, near, far]);

  await master.close();
  const late = await directing.inCertainty(async () => {
    second.roleSet(false);
    await second.known();
    second.received.splice(0);
    // The user is online nowhere. Once a link adds the user, the PDU arrives late.
    near.send(TO_1);
    await near.known();
    second.roleSet(true);
    // After the first round trip all nodes know it and have replayed; after the second the replays
    // have arrived.
    await markers.pass([second, near, far]);
    await markers.pass([second, near, far]);
    return second.received.filter(({ bytes }) => bytes.equals(TO_1)).length;
  });
  expect(late).toBe(1);

  const promoted = await directing.inCertainty(() => sendAll(near, [second, far], [near]));
  expect(promoted).toEqual([[TO_1, KICK_1, GROUP_CHANGE], [TO_2, GROUP_CHANGE], []]);

  second.roleSet(false);
  await second.known();
  const demoted = await directing.inCertainty(() => sendAll(near, [far], [second]));
  expect(demoted).toEqual([[TO_2, GROUP_CHANGE], []]);
});
