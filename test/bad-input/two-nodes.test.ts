import { CLIENT_TYPE, encodeMessage, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { openLink, startCluster } from '../harness/index.ts';
import { headerOf, pduWithBody } from './bad-pdus.ts';
import { Bystanders, isBystanders } from './bystanders.ts';
import { MAX_PDU_BYTES } from './scene.ts';

const ROUNDS = 20;

test('bad PDUs of one node never reach the other, and good PDUs before them do', async () => {
  await using cluster = await startCluster({
    nodes: 2,
    env: { ROUTE_MAX_PDU_BYTES: String(MAX_PDU_BYTES), ROUTE_OFFLINE_GRACE_SECONDS: '0' },
  });
  const [here, there] = [cluster.node(0), cluster.node(1)];
  await using bystanders = await Bystanders.between(here, there);
  await using listener = await openLink(there);
  await listener.known();
  const good: Buffer[] = [];

  for (let round = 1; round <= ROUNDS; round++) {
    await using link = await openLink(here);
    const pdu = pduWithBody('switch_p2p_cmd', Buffer.from(`good ${round}`));
    good.push(pdu);
    const user = { userId: round, status: USER_STATUS.online, clientType: CLIENT_TYPE.windows };
    const question = { userId: 1, userIdList: [round] };
    const bad = headerOf('switch_p2p_cmd', round % 2 === 0 ? 7 : MAX_PDU_BYTES + 1);
    link.send(
      encodeMessage('online_user_info', { userStatList: [user] }),
      pduWithBody('user_status_update', Buffer.from('0801', 'hex')),
      encodeMessage('users_status_request', question, { seqNum: round }),
      pdu,
      bad,
      pduWithBody('switch_p2p_cmd', Buffer.from('too late')),
    );
    await link.closedByServer;
    // It was asked before the bad header, when the link still held the user.
    const answer = encodeMessage(
      'users_status_response',
      {
        userId: 1,
        userStatList: [{ userId: round, status: USER_STATUS.online }],
        attachData: Buffer.alloc(0),
      },
      { seqNum: round },
    );
    expect(link.received.filter((each) => !isBystanders(each)).map(({ bytes }) => bytes)).toEqual([
      answer,
    ]);
  }

  const last = Buffer.concat(good.slice(-1));
  await listener.waitForPdu(({ bytes }) => bytes.equals(last));
  await bystanders.expectUntouched();
  const heard = listener.received.filter((pdu) => !isBystanders(pdu));
  expect(heard.map(({ bytes }) => bytes)).toEqual(good);

  const users = good.map((_, index) => index + 1);
  const offline = users.map((userId) => ({ userId, status: USER_STATUS.offline }));
  expect(await listener.query(users)).toEqual(offline);
  for (const reason of ['length-too-small', 'length-too-large']) {
    expect(await here.metric('route_links_closed_total', { reason })).toBe(ROUNDS / 2);
    expect(await there.metric('route_links_closed_total', { reason })).toBe(0);
  }
  const malformed = { command: 'user_status_update' };
  expect(await here.metric('route_pdus_malformed_total', malformed)).toBe(ROUNDS);
});
