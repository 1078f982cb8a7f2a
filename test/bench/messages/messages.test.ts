import { COMMANDS, decodeMessage, encodeMessage, MSG_TYPE } from '@route/protocol';
import { expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';
import { MESSAGE_BYTES, messagePdu } from './message-pdu.ts';
import { PduWalk } from './pdu-walk.ts';
import { CYCLE_MESSAGES, Traffic } from './traffic.ts';

const plan = { servers: 3, usersPerServer: 10, senders: 'all' } as const;
const traffic = new Traffic(plan);
const STATUS = encodeMessage('login_status_notify', { userId: 7, loginStatus: 1 });

function cycleOf(server: number): Buffer[] {
  return traffic.messagesOf(server).map(messagePdu);
}

test('a message has the given size, and names its users or its group', () => {
  for (const [i, pdu] of cycleOf(1).entries()) {
    const planned = traffic.messagesOf(1)[i];
    expect(pdu.length).toBe(MESSAGE_BYTES);
    expect(pdu.readUInt16BE(10)).toBe(COMMANDS.msg_data.commandId);
    const { fromUser, toSession, ordinal, to } = planned ?? {};
    const msgType = to === undefined ? MSG_TYPE.groupText : MSG_TYPE.singleText;
    expect(decodeMessage(pdu)).toMatchObject({
      fields: { fromUserId: fromUser, toSessionId: toSession, msgId: ordinal, msgType },
    });
  }
});

test('four of five messages go to users of other msg_servers, evenly spread', () => {
  const messages = traffic.messagesOf(1);
  const singles = messages.filter(({ to }) => to !== undefined);
  expect(singles.length).toBe(CYCLE_MESSAGES * 0.8);
  for (const { fromUser, to, toSession } of singles) {
    expect([traffic.serverOf(fromUser), traffic.serverOf(toSession)]).toEqual([1, to]);
    expect(to).not.toBe(1);
  }
  const { singlesTo, groups } = traffic.due(1, 2 * CYCLE_MESSAGES + 7);
  const behind = messages.slice(0, 7);
  expect(groups).toBe(2 * CYCLE_MESSAGES * 0.2 + 1);
  expect(singlesTo[0]).toBe(
    2 * traffic.singlesPerCycle(1, 0) + behind.filter(({ to }) => to === 0).length,
  );
});

test('when half of the msg_servers send, the users of the others receive', () => {
  const half = new Traffic({ ...plan, servers: 4, senders: 'half' });
  expect([0, 1, 2, 3].filter((server) => half.sends(server))).toEqual([0, 1]);
  expect(new Set(half.messagesOf(0).map(({ to }) => to))).toEqual(new Set([2, 3, undefined]));
});

test('arrivals do not depend on how the stream is cut, and other PDUs are skipped', () => {
  const stream = Buffer.concat([STATUS, ...cycleOf(1), STATUS, ...cycleOf(2).slice(0, 10)]);
  const due = traffic.due(2, 10).singlesTo[0];
  for (const step of [1, 15, 16, 17, 159, 160, 161, 1000, stream.length]) {
    const arrivals = new Arrivals(0, traffic);
    const walk = new PduWalk(arrivals);
    const shared = Buffer.alloc(step);
    for (let at = 0; at < stream.length; at += step) {
      walk.take(shared, stream.copy(shared, 0, at, at + step));
    }
    expect(arrivals.deliveries).toBe(CYCLE_MESSAGES + 10);
    expect(arrivals.counts).toEqual({
      singlesFrom: [0, traffic.singlesPerCycle(1, 0), due],
      groupsFrom: [0, CYCLE_MESSAGES / 5, 2],
      outOfOrder: 0,
    });
  }
});

test('detects lost, doubled and reordered messages, and ignores those for other users', () => {
  const own = traffic.messagesOf(1).filter(({ to }) => to === 0);
  const [first, second, third] = own.map(messagePdu);
  const stranger = traffic.messagesOf(1).find(({ to }) => to === 2);
  const outOfOrder = (...pdus: (Buffer | undefined)[]): number => {
    const arrivals = new Arrivals(0, traffic);
    const bytes = Buffer.concat(pdus.filter((pdu) => pdu !== undefined));
    new PduWalk(arrivals).take(bytes, bytes.length);
    return arrivals.counts.outOfOrder;
  };
  expect(outOfOrder(first, second, third)).toBe(0);
  expect(outOfOrder(first, third)).toBe(1);
  expect(outOfOrder(first, first, second)).toBe(1);
  expect(outOfOrder(second, first)).toBe(2);
  expect(outOfOrder(first, stranger && messagePdu(stranger), second)).toBe(0);
});
