import { waitFor } from '@route/fixtures';
import {
  encodeMessage,
  encodeUsersStatusResponse,
  HEADER_BYTES,
  USER_STATUS,
} from '@route/protocol';
import { fuzz, fuzzTimeoutMs, mutate, type Random } from '@route/random';
import { expect, test } from 'vitest';
import type { RouteClient } from './route-client.ts';
import { ClientScene } from './testing/client-scene.ts';
import { RouteEnd } from './testing/route-end.ts';

/** A route server is not trusted: no bytes from it may crash the client's process. */

const MARK = { userId: 77, clientType: 1, reason: 1 };
const MARK_PDU = encodeMessage('server_kick_user', MARK);
const STATS = [1, 2, 3].map((userId) => ({ userId, status: USER_STATUS.online }));
const ATTACHED = Buffer.from('attached');

function answerPdu(seqNum: number): Buffer {
  return encodeUsersStatusResponse({ userId: 9, stats: STATS, attachData: ATTACHED, seqNum });
}

const PDUS: readonly Buffer[] = [
  MARK_PDU,
  answerPdu(1),
  encodeMessage('heartbeat', {}),
  encodeMessage('msg_data', {
    fromUserId: 1,
    toSessionId: 2,
    msgId: 3,
    createTime: 4,
    msgType: 1,
    msgData: Buffer.from('text'),
    attachData: ATTACHED,
  }),
  encodeMessage('group_change_member_notify', {
    userId: 1,
    changeType: 1,
    groupId: 2,
    curUserIdList: [1, 3],
    chgUserIdList: [3],
  }),
  encodeMessage('file_notify', {
    fromUserId: 1,
    toUserId: 2,
    fileName: 'a.txt',
    fileSize: 3,
    taskId: 'task',
    ipAddrList: [{ ip: '10.0.0.1', port: 8600 }],
    transMode: 1,
    offlineReady: 0,
  }),
  encodeMessage('status_notify', { userStat: { userId: 1, status: USER_STATUS.leave } }),
  encodeMessage('online_user_info', { userStatList: [{ userId: 1, status: 1, clientType: 1 }] }),
];

/** A mutated PDU with a correct length, so that the stream continues after it. */
function wholePdu(random: Random): Buffer {
  const pdu = mutate(random, PDUS);
  const whole = Buffer.alloc(Math.max(HEADER_BYTES, pdu.length));
  pdu.copy(whole);
  whole.writeUInt32BE(whole.length);
  return whole;
}

/** Reads all that the client emits, and counts the marks. */
function readAll(client: RouteClient): { marks: number; others: number } {
  const counts = { marks: 0, others: 0 };
  client
    .on('message', ({ fields }) => {
      JSON.stringify(fields);
      counts.others++;
    })
    .on('unreadable', (pdu) => {
      counts.others += Math.min(1, pdu.length);
    })
    .on('server_kick_user', ({ userId, clientType, reason }) => {
      const fits = userId === MARK.userId && clientType === MARK.clientType;
      if (fits && reason === MARK.reason) counts.marks++;
    });
  return counts;
}

const BATCH = 500;

test(
  'reads garbage PDUs or reports them as unreadable, and the link continues',
  async () => {
    const inputs: Buffer[] = [];
    fuzz('PDUs of a route server', (random) => void inputs.push(wholePdu(random)));
    await using end = await RouteEnd.listen();
    await using scene = new ClientScene({ addresses: [end.address] });
    const counts = readAll(scene.client);
    await scene.client.writable();
    const link = await end.link(0);
    for (let at = 0; at < inputs.length; at += BATCH) {
      const before = counts.others;
      const batch = inputs.slice(at, at + BATCH);
      link.socket.write(Buffer.concat(batch));
      await waitFor(() => counts.others === before + batch.length, { what: 'all to be read' });
    }
    const before = counts.marks;
    link.socket.write(MARK_PDU);
    await waitFor(() => counts.marks > before, { what: 'the PDU behind the garbage' });
    expect(scene.told).toEqual([`master ${end.address}`, `up ${end.address} master`]);
  },
  fuzzTimeoutMs(),
);

test(
  'streams of garbage, in any pieces, end their link alone, and the next one works',
  async () => {
    const streams: Buffer[] = [];
    fuzz('streams of a route server', (random) => {
      const pdus = Array.from({ length: random.whole(1, 4) }, () => mutate(random, PDUS));
      streams.push(Buffer.concat(pdus));
    });
    await using end = await RouteEnd.listen();
    await using scene = new ClientScene({ addresses: [end.address] });
    const counts = readAll(scene.client);
    const retries: number[] = [];
    scene.client.on('down', ({ retryMs = 0 }) => retries.push(retryMs));
    // A link costs some milliseconds: each handles a hundredth of the streams, until the first that
    // breaks it.
    const links = 100;
    for (let i = 0; i < links; i++) {
      const { socket } = await end.link(i);
      for (let at = i; at < streams.length && !socket.destroyed; at += links) {
        const stream = streams[at] ?? Buffer.alloc(0);
        const half = stream.length >> 1;
        socket.write(stream.subarray(0, half));
        if (at % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
        socket.write(stream.subarray(half));
      }
      socket.end();
      await waitFor(() => retries.length > i, { what: `link ${i} to end` });
      // No further: the time to connect in runs on the same clock.
      scene.clock.advance(retries[i] ?? 0);
    }
    const last = await end.link(links);
    const before = counts.marks;
    last.socket.write(MARK_PDU);
    await waitFor(() => counts.marks > before, { what: 'the next link to work' });
  },
  fuzzTimeoutMs(),
);

test('rejects an answer with another number of entries than the query', async () => {
  await using end = await RouteEnd.listen();
  await using scene = new ClientScene({ addresses: [end.address] });
  await scene.client.writable();
  const answer = scene.client.query([1, 2, 3]);
  const link = await end.link(0);
  const none = { userId: 9, stats: [], attachData: ATTACHED, seqNum: 1 };
  link.socket.write(encodeUsersStatusResponse(none));
  link.socket.write(encodeUsersStatusResponse({ ...none, stats: [...STATS, ...STATS] }));
  link.socket.write(answerPdu(1));
  expect((await answer).stats).toHaveLength(3);
});
