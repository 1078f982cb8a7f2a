import { randomBytes } from 'node:crypto';
import { CLIENT_TYPE, encodeMessage, USER_STATUS } from '@route/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { messagePdu } from '../harness/index.ts';
import { headerOf, pduWithBody } from './bad-pdus.ts';
import { MAX_PDU_BYTES, Scene } from './scene.ts';

const FOUR_GIB_LESS_ONE = 0xffff_ffff;
const ALL_ONES = Buffer.alloc(1_048_576, 0xff);

describe('a node', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.start();
  });
  afterEach(() => scene.expectUnharmed());
  afterAll(() => scene[Symbol.asyncDispose]());

  const impossible = [
    ...Array.from({ length: 16 }, (_, length) => ({ length, reason: 'length-too-small' })),
    { length: MAX_PDU_BYTES + 1, reason: 'length-too-large' },
    { length: 0x7fff_ffff, reason: 'length-too-large' },
    { length: FOUR_GIB_LESS_ONE, reason: 'length-too-large' },
  ];
  test.for(impossible)('closes a link that sends a PDU length of $length', async (close) => {
    const { length, reason } = close;
    const before = await scene.closed(reason);
    await using link = await scene.openLink();
    const header = headerOf('msg_data', length);
    link.send(header);
    await scene.expectClosed(link, { reason, header }, before);
  });

  test('closes a link on the length alone, before the rest of the header has arrived', async () => {
    const before = await scene.closed('length-too-small');
    await using link = await scene.openLink();
    const header = Buffer.from([0, 0, 0, 9]);
    await link.sendSplit(header, [1, 1, 1]);
    await scene.expectClosed(link, { reason: 'length-too-small', header }, before);
  });

  test('relays a PDU of the maximum length, sent byte by byte', async () => {
    await using sender = await scene.openLink();
    await using receiver = await scene.openLink();
    const pdu = pduWithBody('switch_p2p_cmd', randomBytes(MAX_PDU_BYTES - 16));
    await sender.sendByteByByte(pdu);
    const relayed = await receiver.waitForPdu((each) => each.commandId === 0x0601);
    expect(relayed.bytes.equals(pdu)).toBe(true);
    expect(sender.serverClose).toBeUndefined();
  });

  test('handles PDUs before a bad header, and none after it', async () => {
    const before = await scene.closed('length-too-large');
    await using link = await scene.openLink();
    await using receiver = await scene.openLink();
    const lost = pduWithBody('switch_p2p_cmd', Buffer.from('too late'));
    const good = pduWithBody('switch_p2p_cmd', Buffer.from('in time'));
    link.send(good, ALL_ONES, lost);
    await scene.expectClosed(
      link,
      { reason: 'length-too-large', header: ALL_ONES.subarray(0, 16) },
      before,
    );
    await receiver.waitForPdu((each) => each.bytes.equals(good));
    await scene.expectUnharmed();
    const relayed = receiver.received.filter((each) => each.commandId === 0x0601);
    expect(relayed.map(({ bytes }) => bytes)).toEqual([good]);
  });

  test('answers queries sent before a bad header, then closes the link', async () => {
    const before = await scene.closed('length-too-small');
    await using link = await scene.openLink();
    const client = { userId: 11, status: USER_STATUS.online, clientType: CLIENT_TYPE.windows };
    const questions = Array.from({ length: 100 }, (_, index) =>
      encodeMessage(
        'users_status_request',
        { userId: 1, userIdList: [11, 12] },
        { seqNum: index + 1 },
      ),
    );
    const header = headerOf('heartbeat', 3);
    link.send(encodeMessage('online_user_info', { userStatList: [client] }), ...questions, header);
    await scene.expectClosed(link, { reason: 'length-too-small', header }, before);

    const userStatList = [
      { userId: 11, status: USER_STATUS.online },
      { userId: 12, status: USER_STATUS.offline },
    ];
    const attachData = Buffer.alloc(0);
    const answers = questions.map((_, index) =>
      encodeMessage(
        'users_status_response',
        { userId: 1, userStatList, attachData },
        { seqNum: index + 1 },
      ),
    );
    const received = link.received.filter(({ commandId }) => commandId === 0x020b);
    expect(received.map(({ bytes }) => bytes)).toEqual(answers);
  });

  test('forgets the users of a link that it closes for a bad header', async () => {
    await using link = await scene.openLink();
    await using asker = await scene.openLink();
    link.status({ userId: 21, status: USER_STATUS.online, clientType: CLIENT_TYPE.mac });
    await link.waitForPdu(({ commandId }) => commandId === 0x0203);
    expect(await asker.query([21])).toEqual([{ userId: 21, status: USER_STATUS.online }]);
    link.send(Buffer.alloc(16));
    await link.closedByServer;
    expect(await asker.query([21])).toEqual([{ userId: 21, status: USER_STATUS.offline }]);
  });

  test('closes every link that speaks another protocol', async () => {
    for (const words of ['GET / HTTP/1.1\r\nHost: route\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00']) {
      const before = await scene.closed('length-too-large');
      await using link = await scene.openLink();
      link.sendRaw(Buffer.from(words, 'latin1'));
      await scene.expectClosed(link, { reason: 'length-too-large' }, before);
    }
  });

  test('tolerates a link that is cut in the middle of a PDU', async () => {
    await using receiver = await scene.openLink();
    const whole = messagePdu(31, 1);
    for (let length = 1; length < whole.length; length++) {
      const link = await scene.openLink();
      link.sendRaw(whole.subarray(0, length));
      await link.whenSent();
      if (length % 2 === 0) await link.close();
      else link.destroy();
    }
    await scene.expectUnharmed();
    expect(receiver.received.filter(({ bytes }) => bytes.equals(whole))).toEqual([]);
  });
});

test('closes a link that sends half a header and then nothing, after the time-out', async () => {
  await using scene = await Scene.start({
    ROUTE_HEARTBEAT_SECONDS: '0.2',
    ROUTE_LINK_TIMEOUT_SECONDS: '1',
  });
  await using link = await scene.openLink();
  link.sendRaw(headerOf('msg_data', 100).subarray(0, 7));
  await scene.expectClosed(link, { reason: 'timed-out' }, 0);
  await scene.expectUnharmed();
});
