import { CLIENT_TYPE, encodeMessage, MSG_TYPE, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { directed, recipientsOf } from './directed.ts';
import type { Step, Trace } from './trace.ts';

const LINKS = ['A', 'B', 'C'];
const WINDOWS_7 = { userId: 7, clientType: CLIENT_TYPE.windows };

function message(toSessionId: number, msgType: 1 | 0x11): Buffer {
  const fields = { fromUserId: 1, toSessionId, msgId: 1, createTime: 0, msgType };
  return encodeMessage('msg_data', { ...fields, msgData: Buffer.from('hello') });
}

const [SINGLE, GROUP] = [message(7, MSG_TYPE.singleText), message(7, MSG_TYPE.groupText)];
const LIST = encodeMessage('online_user_info', {
  userStatList: [{ ...WINDOWS_7, status: USER_STATUS.online }],
});
const OFFLINE = encodeMessage('user_status_update', {
  userId: 7,
  clientType: CLIENT_TYPE.windows,
  userStatus: USER_STATUS.offline,
});

/** A trace with all links open, in which A sends and each PDU is relayed to B and C. */
function traceOf(...sent: readonly (readonly [link: string, ...pdus: Buffer[]])[]): Trace {
  const opens = LINKS.map((link): Step => ({ kind: 'open', link }));
  const sends = sent.map(
    ([link, ...pdus]): Step => ({ kind: 'send', link, bytes: Buffer.concat(pdus), split: [] }),
  );
  const relayed = sent.flatMap(([link, ...pdus], index) =>
    link === 'A' ? pdus.map((pdu) => ({ step: LINKS.length + index, pdu })) : [],
  );
  const expected = { A: [], B: relayed, C: relayed };
  const none = { closedByServer: {}, heartbeats: undefined };
  return { name: 'made up', links: LINKS, steps: [...opens, ...sends], expect: expected, ...none };
}

function receivedBy(link: string, trace: Trace): Buffer[] | undefined {
  return directed(trace).expect[link]?.map(({ pdu }) => pdu);
}

test('a link receives PDUs for users while they are online on it, and all broadcasts', () => {
  const trace = traceOf(
    ['A', SINGLE, GROUP],
    ['B', LIST],
    ['A', SINGLE],
    ['B', OFFLINE],
    ['A', SINGLE],
  );
  expect(receivedBy('B', trace)).toEqual([GROUP, SINGLE]);
  expect(receivedBy('C', trace)).toEqual([GROUP]);
});

test('a user listed twice stays until both clients are gone', () => {
  const twice = traceOf(
    ['B', LIST, LIST],
    ['B', OFFLINE],
    ['A', SINGLE],
    ['B', OFFLINE],
    ['A', SINGLE],
  );
  expect(receivedBy('B', twice)).toEqual([SINGLE]);
});

test('rejects a trace in which the original did not relay to an open link', () => {
  const trace = traceOf(['A', SINGLE]);
  expect(() => directed({ ...trace, expect: { B: [], C: [] } })).toThrow('did not relay');
});

test('a truncated message counts as broadcast', () => {
  expect(recipientsOf(SINGLE)).toEqual([1, 7]);
  expect(recipientsOf(SINGLE.subarray(0, -1))).toBeUndefined();
});
