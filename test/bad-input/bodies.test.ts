import { CLIENT_TYPE, type CommandName, encodeMessage, USER_STATUS } from '@route/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TestLink } from '../harness/index.ts';
import { pduWithBody } from './bad-pdus.ts';
import { Scene } from './scene.ts';

const { windows } = CLIENT_TYPE;
const { online, offline } = USER_STATUS;

/** Bodies are written as hex by their fields, tag and value: `08 01` is field 1, a varint, 1. */
interface BadBody {
  readonly command: CommandName;
  readonly what: string;
  readonly body: string;
}

const ENTRY_OF_41 = '0a06 0829 1001 1801';

const BAD_BODIES: readonly BadBody[] = [
  { command: 'role_set', what: 'no field at all', body: '' },
  { command: 'role_set', what: 'a tag without its value', body: '08' },
  { command: 'role_set', what: 'a varint that does not end', body: '08 ff' },
  {
    command: 'role_set',
    what: 'a varint of more than 10 bytes',
    body: '08 ffffffffffffffffffffff01',
  },
  { command: 'role_set', what: 'its field of another wire type', body: '0d 01000000' },
  { command: 'role_set', what: 'field number 0', body: '0801 00 01' },
  { command: 'role_set', what: 'a wire type that there is none', body: '0801 0f 01' },
  { command: 'role_set', what: 'an unknown field longer than the rest', body: '0801 7a 7f' },
  { command: 'role_set', what: 'a group that does not end', body: '0801 7b 0801' },
  { command: 'role_set', what: 'a group that ends without beginning', body: '0801 7c' },
  { command: 'user_status_update', what: 'no field at all', body: '' },
  { command: 'user_status_update', what: 'no user_status', body: '1029 1801' },
  { command: 'user_status_update', what: 'no user_id', body: '0801 1801' },
  { command: 'user_status_update', what: 'no client_type', body: '0801 1029' },
  { command: 'user_status_update', what: 'an unknown client_type', body: '0801 1029 1813' },
  { command: 'user_status_update', what: 'client_type 0', body: '0801 1029 1800' },
  {
    command: 'user_status_update',
    what: 'a field of another wire type',
    body: '0d 01000000 1029 1801',
  },
  { command: 'user_status_update', what: 'user_status 0', body: '0800 1029 1801' },
  { command: 'user_status_update', what: 'user_status 4', body: '0804 1029 1801' },
  { command: 'user_status_update', what: 'a last byte missing', body: '0801 1029 18' },
  { command: 'online_user_info', what: 'an entry without user_id', body: '0a04 1001 1801' },
  { command: 'online_user_info', what: 'an entry without status', body: '0a04 0829 1801' },
  { command: 'online_user_info', what: 'an entry without client_type', body: '0a04 0829 1001' },
  { command: 'online_user_info', what: 'an unknown status', body: '0a06 0829 1004 1801' },
  { command: 'online_user_info', what: 'an unknown client_type', body: '0a06 0829 1001 1803' },
  { command: 'online_user_info', what: 'an entry cut short', body: '0a06 0829 1001 18' },
  { command: 'online_user_info', what: 'an empty last entry', body: `${ENTRY_OF_41} 0a00` },
  { command: 'online_user_info', what: 'an empty first entry', body: `0a00 ${ENTRY_OF_41}` },
  {
    command: 'online_user_info',
    what: 'one bad entry between good ones',
    body: `${ENTRY_OF_41} 0a06 082a 1009 1801 ${ENTRY_OF_41}`,
  },
  {
    command: 'online_user_info',
    what: 'a length that is 4 GiB less one',
    body: `${ENTRY_OF_41} 0a ffffffff0f 0829`,
  },
  { command: 'users_status_request', what: 'no field at all', body: '' },
  { command: 'users_status_request', what: 'no asking user', body: '1029' },
  { command: 'users_status_request', what: 'an id cut short', body: '0801 10 a9' },
  {
    command: 'users_status_request',
    what: 'attached data longer than the rest',
    body: '0801 1029 a201 05 00',
  },
];

const DISTURBED = 41;

describe('a node drops, and counts, a body that does not parse: ', () => {
  let scene: Scene;
  let link: TestLink;

  beforeAll(async () => {
    scene = await Scene.start();
    link = await scene.openLink();
  });
  afterEach(() => scene.expectUnharmed());
  afterAll(async () => {
    await link[Symbol.asyncDispose]();
    await scene[Symbol.asyncDispose]();
  });

  async function malformed(command: CommandName): Promise<number> {
    return await scene.node.metric('route_pdus_malformed_total', { command });
  }

  test.for(BAD_BODIES)('$command with $what', async ({ command, body }) => {
    const before = await malformed(command);
    const notificationsBefore = await scene.node.metric('route_notifications_total');
    link.send(pduWithBody(command, Buffer.from(body.replaceAll(' ', ''), 'hex')));
    // The same link is answered: it stays, and what was dropped has left no trace.
    expect(await link.query([DISTURBED])).toEqual([{ userId: DISTURBED, status: offline }]);
    expect(await malformed(command)).toBe(before + 1);
    expect(await scene.node.metric('route_notifications_total')).toBe(notificationsBefore);
    expect(link.serverClose).toBeUndefined();
  });

  test('a status update cut at any offset, which is not announced', async () => {
    const fields = { userId: 300, userStatus: online, clientType: windows };
    const body = encodeMessage('user_status_update', fields).subarray(16);
    const before = await malformed('user_status_update');
    for (let length = 0; length < body.length; length++) {
      link.send(pduWithBody('user_status_update', body.subarray(0, length)));
    }
    expect(await link.query([300])).toEqual([{ userId: 300, status: offline }]);
    expect(await malformed('user_status_update')).toBe(before + body.length);
  });

  test('a thousand bad bodies between two good ones, which take effect', async () => {
    const before = await malformed('online_user_info');
    const bad = pduWithBody('online_user_info', Buffer.from('0a00', 'hex'));
    const good = (userId: number): Buffer =>
      encodeMessage('online_user_info', {
        userStatList: [{ userId, status: online, clientType: windows }],
      });
    link.send(good(51), ...Array.from({ length: 1000 }, () => bad), good(52));
    expect(await link.query([51, 52])).toEqual([
      { userId: 51, status: online },
      { userId: 52, status: online },
    ]);
    expect(await malformed('online_user_info')).toBe(before + 1000);
  });
});

test('unknown commands, and commands that only a server may send, are counted and ignored', async () => {
  await using scene = await Scene.start();
  await using link = await scene.openLink();
  const commands = ['login_status_notify', 'status_notify', 'users_status_response'] as const;
  for (const command of commands) link.send(pduWithBody(command, Buffer.from('0801', 'hex')));
  const unknown = pduWithBody('heartbeat', Buffer.alloc(5));
  unknown.writeUInt16BE(0x7fff, 10);
  link.send(unknown);
  expect(await link.query([1])).toEqual([{ userId: 1, status: offline }]);
  for (const command of [...commands, 'unknown']) {
    expect(await scene.node.metric('route_pdus_received_total', { command })).toBe(1);
  }
  expect(await scene.node.metric('route_pdus_malformed_total')).toBe(0);
  await scene.expectUnharmed();
});
