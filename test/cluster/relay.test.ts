import { waitFor } from '@route/fixtures';
import {
  CLIENT_TYPE,
  encodeMessage,
  GROUP_MODIFY_TYPE,
  SESSION_TYPE,
  TRANSFER_FILE_TYPE,
} from '@route/protocol';
import { expect, test } from 'vitest';
import { startCluster } from '../harness/index.ts';
import { openKnownLinks } from './known-links.ts';
import { numberedPdu, OrderCheck, sendPaced } from './numbered-messages.ts';

const SENDERS = 8;
const EACH = 12_500;
const PER_SECOND = 1000;

test('100,000 messages of 8 links on three nodes reach every other link once and in order', async () => {
  await using cluster = await startCluster({ nodes: 3 });
  await using set = await openKnownLinks(cluster.nodes, SENDERS);
  const checks = set.links.map((link) => new OrderCheck(link));
  const sending = set.links.map((link, sender) =>
    sendPaced(link, { sender, count: EACH, perSecond: PER_SECOND }),
  );

  const expected = (SENDERS - 1) * EACH;
  await waitFor(
    () => {
      const counts = checks.map((check) => check.count);
      return counts.every((count) => count >= expected) || Promise.reject(new Error(`${counts}`));
    },
    { what: `${expected} messages on each link`, deadlineMs: 50_000 },
  );
  await Promise.all(sending);

  // Repeats would have arrived before these.
  set.links.forEach((link, sender) => {
    link.send(numberedPdu(sender, EACH));
  });
  await waitFor(() => checks.every((check) => check.count >= expected + SENDERS - 1), {
    what: 'the last messages',
  });
  expect(checks.flatMap((check) => check.problems)).toEqual([]);
  expect(checks.map((check) => check.count)).toEqual(checks.map(() => expected + SENDERS - 1));
  for (const node of cluster.nodes) {
    expect(await node.metric('route_bus_lost_frames_total')).toBe(0);
  }
});

test('each kind of relayed PDU reaches the links of all nodes unchanged, also links that send nothing', async () => {
  await using cluster = await startCluster({ nodes: 3 });
  await using set = await openKnownLinks(cluster.nodes, 6);
  const [sender, ...others] = set.links;
  const pdus = [
    encodeMessage('server_kick_user', { userId: 1, clientType: CLIENT_TYPE.mac, reason: 2 }),
    encodeMessage('msg_read_notify', {
      userId: 1,
      sessionId: 2,
      msgId: 3,
      sessionType: SESSION_TYPE.group,
    }),
    encodeMessage('group_change_member_notify', {
      userId: 1,
      changeType: GROUP_MODIFY_TYPE.add,
      groupId: 9,
      curUserIdList: [1, 2, 3],
      chgUserIdList: [3],
    }),
    encodeMessage('file_notify', {
      fromUserId: 1,
      toUserId: 2,
      fileName: 'plan.txt',
      fileSize: 100,
      taskId: 'task-1',
      ipAddrList: [{ ip: '10.0.0.1', port: 8600 }],
      transMode: TRANSFER_FILE_TYPE.offline,
      offlineReady: 1,
    }),
    encodeMessage('switch_p2p_cmd', { fromUserId: 1, toUserId: 2, cmdMsgData: '{"cmd":1}' }),
    encodeMessage('remove_session_notify', {
      userId: 1,
      sessionType: SESSION_TYPE.single,
      sessionId: 2,
    }),
    numberedPdu(1, 0),
  ];
  sender?.send(...pdus);
  for (const link of others) {
    const received = await link.waitForPdus(pdus.length);
    expect(received.map(({ bytes }) => bytes)).toEqual(pdus);
  }
  // The answer arrives after any PDU returned to the sender.
  await sender?.query([1]);
  expect(sender?.received).toEqual([]);
});

test('a changed signature is announced to every link once, including the sender', async () => {
  await using cluster = await startCluster({ nodes: 3 });
  await using set = await openKnownLinks(cluster.nodes, 6);
  const changed = encodeMessage('sign_info_changed_notify', { changedUserId: 5, signInfo: 'away' });
  const marker = numberedPdu(1, 0);
  set.link(0).send(changed, marker);
  for (const link of set.links.slice(1)) {
    const received = await link.waitForPdus(2);
    expect(received.map(({ bytes }) => bytes)).toEqual([changed, marker]);
  }
  const [back] = await set.link(0).waitForPdus(1);
  expect(back?.bytes).toEqual(changed);
});
