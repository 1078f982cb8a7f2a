import { makeCertificates, waitFor } from '@route/fixtures';
import {
  CLIENT_TYPE,
  encodeMessage,
  encodeUsersStatusResponse,
  type MessageFields,
  USER_STATUS,
} from '@route/protocol';
import { expect, test } from 'vitest';
import type { CommandEvents } from './events.ts';
import { ClientScene } from './testing/client-scene.ts';
import { RouteEnd } from './testing/route-end.ts';

const KICK = { userId: 4_294_967_295, clientType: CLIENT_TYPE.ios, reason: 1 };

/** Something for each command that a route server passes on or makes. */
const MESSAGES = {
  heartbeat: {},
  msg_data: {
    fromUserId: 1,
    toSessionId: 2,
    msgId: 3,
    createTime: 4,
    msgType: 1,
    msgData: Buffer.from('text'),
    attachData: Buffer.from('more'),
  },
  msg_read_notify: { userId: 1, sessionId: 2, msgId: 3, sessionType: 2 },
  group_change_member_notify: {
    userId: 1,
    changeType: 1,
    groupId: 2,
    curUserIdList: [1, 3],
    chgUserIdList: [3],
  },
  file_notify: {
    fromUserId: 1,
    toUserId: 2,
    fileName: 'a.txt',
    fileSize: 3,
    taskId: 'task',
    ipAddrList: [{ ip: '10.0.0.1', port: 8600 }],
    transMode: 1,
    offlineReady: 0,
  },
  switch_p2p_cmd: { fromUserId: 1, toUserId: 2, cmdMsgData: 'shake' },
  server_kick_user: KICK,
  remove_session_notify: { userId: 1, sessionType: 1, sessionId: 2 },
  sign_info_changed_notify: { changedUserId: 1, signInfo: 'at lunch' },
  login_status_notify: { userId: 1, loginStatus: 1 },
  status_notify: { userStat: { userId: 1, status: USER_STATUS.leave } },
} as const satisfies Partial<MessageFields>;

test.each(keysOf(MESSAGES))(
  '%s arrives as an event of its name, with its fields and source',
  async (command) => {
    await using end = await RouteEnd.listen();
    await using scene = new ClientScene({ addresses: [end.address] });
    const link = await end.link(0);
    const came: unknown[] = [];
    for (const name of keysOf(MESSAGES)) {
      scene.client.on(name, (...args: CommandEvents[typeof name]) => came.push(name, ...args));
    }
    const messages: unknown[] = [];
    scene.client.on('message', (message) => messages.push(message));
    link.socket.write(encodeMessage<typeof command>(command, MESSAGES[command]));
    await waitFor(() => came.length > 0, { what: command });
    expect(came).toMatchObject([
      command,
      MESSAGES[command],
      { address: end.address, header: { version: 1 } },
    ]);
    expect(messages).toMatchObject([{ command, fields: MESSAGES[command] }]);
  },
);

test('a query gets its own answer, in any order of answers', async () => {
  await using end = await RouteEnd.listen();
  await using scene = new ClientScene({ addresses: [end.address] });
  await scene.client.writable();
  const attachData = Buffer.from('why');
  const [first, second] = [
    scene.client.query([5, 6, 5], { askedBy: 9, attachData }),
    scene.client.query([6]),
  ];
  const link = await end.link(0);
  await waitFor(() => link.received.length === 4, { what: 'both queries' });
  const asked = link.received.flatMap((message) =>
    message.command === 'users_status_request' ? [message] : [],
  );
  expect(asked[0]?.fields).toEqual({ userId: 9, userIdList: [5, 6, 5], attachData });
  for (const { header, fields } of [...asked].reverse()) {
    const stats = fields.userIdList.map((userId) => ({ userId, status: USER_STATUS.online }));
    const { userId, attachData: attached = Buffer.alloc(0) } = fields;
    link.socket.write(
      encodeUsersStatusResponse({ userId, stats, attachData: attached, seqNum: header.seqNum }),
    );
  }
  expect((await first).stats.map(({ userId }) => userId)).toEqual([5, 6, 5]);
  expect((await first).attachData).toEqual(attachData);
  expect((await second).stats).toHaveLength(1);
});

test('a query fails without an answer in time, when the link is lost, or when none is up', async () => {
  await using end = await RouteEnd.listen();
  await using scene = new ClientScene({ addresses: [end.address] });
  await expect(scene.client.query([1])).rejects.toMatchObject({ code: 'no-link' });
  await scene.client.writable();
  const late = scene.client.query([1]);
  scene.clock.advance(5_000);
  await expect(late).rejects.toMatchObject({ code: 'query-timed-out' });
  const cut = scene.client.query([1]);
  (await end.link(0)).socket.destroy();
  await expect(cut).rejects.toMatchObject({ code: 'link-lost' });
});

test('send returns wait while the other side does not read, and writable follows when it does', async () => {
  await using end = await RouteEnd.listen();
  await using scene = new ClientScene({ addresses: [end.address], unsentBytes: 100_000 });
  const link = await end.link(0);
  await scene.client.writable();
  link.socket.pause();
  const message = { ...MESSAGES.msg_data, msgData: Buffer.alloc(10_000) };
  let sent = 0;
  for (let outcome = 'sent'; outcome === 'sent'; sent++) {
    outcome = scene.client.send('msg_data', message);
    await new Promise((resolve) => setImmediate(resolve));
  }
  let drains = 0;
  scene.client.on('drain', () => drains++);
  const writable = scene.client.writable();
  expect(drains).toBe(0);
  link.socket.resume();
  await writable;
  expect(drains).toBe(1);
  expect(scene.client.send('server_kick_user', KICK)).toBe('sent');
  await waitFor(() => link.received.length === sent + 3, { what: 'all that was sent' });
});

test('send reports a missing link', () => {
  const scene = new ClientScene({ addresses: ['127.0.0.1:1'] });
  expect(scene.client.send('server_kick_user', KICK)).toBe('no-link');
  expect(scene.client.updateStatus({ userId: 1, status: 1, clientType: 1 })).toBe('no-link');
  return scene.client.close();
});

test('a broken stream ends the link; a body that does not parse is named and dropped', async () => {
  await using end = await RouteEnd.listen();
  await using scene = new ClientScene({ addresses: [end.address] });
  const link = await end.link(0);
  const unreadable: string[] = [];
  let kicks = 0;
  scene.client
    .on('unreadable', (pdu) => unreadable.push(pdu.toString('hex')))
    .on('server_kick_user', () => kicks++);
  const malformed = encodeMessage('server_kick_user', KICK);
  malformed[16] = 0xff;
  link.socket.write(Buffer.concat([malformed, encodeMessage('server_kick_user', KICK)]));
  await waitFor(() => kicks === 1, { what: 'the kick behind it' });
  expect(unreadable).toEqual([malformed.toString('hex')]);
  link.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
  await waitFor(() => scene.told.includes(`down ${end.address} broken-stream`), {
    what: 'the end',
  });
});

test('flushes PDUs sent before close, and does not reconnect', async () => {
  await using end = await RouteEnd.listen();
  const scene = new ClientScene({ addresses: [end.address] });
  await scene.client.writable();
  const link = await end.link(0);
  for (let i = 0; i < 1000; i++) scene.client.send('msg_data', MESSAGES.msg_data);
  const pending = scene.client.query([1]);
  const failed = expect(pending).rejects.toMatchObject({ code: 'closed' });
  await Promise.all([scene.client.close(), scene.client.close()]);
  await failed;
  await waitFor(() => link.received.length === 1003, { what: 'everything' });
  await expect(scene.client.writable()).rejects.toMatchObject({ code: 'closed' });
  scene.clock.advance(100_000);
  expect(scene.told.at(-1)).toBe(`down ${end.address} closed-here`);
});

test('TLS: connects to a node with a trusted certificate, and refuses another', async () => {
  await using certificates = await makeCertificates();
  const { cert, key } = await certificates.issue('node');
  await using end = await RouteEnd.listen({ tls: { cert, key } });
  await using trusting = new ClientScene({
    addresses: [end.address],
    tls: { ca: certificates.authority.cert },
  });
  await trusting.client.writable();
  const link = await end.link(0);
  await waitFor(() => link.received.length === 2, { what: 'role and list' });

  await using strange = new ClientScene({ addresses: [end.address], tls: {} });
  await waitFor(() => strange.told.includes(`down ${end.address} connect-failed`), {
    what: 'the refusal',
  });
});

function keysOf<T extends object>(table: T): (keyof T)[] {
  return Object.keys(table).filter((name): name is Extract<keyof T, string> => name in table);
}
