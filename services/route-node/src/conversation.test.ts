import { setImmediate as nextTurn } from 'node:timers/promises';
import { PresenceMemory } from '@route/presence';
import {
  CLIENT_TYPE,
  decodeMessage,
  encodeMessage,
  type PduSink,
  USER_STATUS,
} from '@route/protocol';
import { describe, expect, it } from 'vitest';
import { Conversation } from './conversation.ts';
import { Counters } from './counters.ts';
import { Exchange } from './exchange.ts';
import { IntakeTurns } from './intake-turns.ts';
import { Watch } from './watch.ts';

const { online } = USER_STATUS;
const { windows } = CLIENT_TYPE;
const USERS = 50_000;

function snapshotOf(from: number, users: number): Buffer {
  return encodeMessage('online_user_info', {
    userStatList: Array.from({ length: users }, (_, i) => ({
      ...{ userId: from + i, status: online, clientType: windows },
    })),
  });
}

const query = (...userIdList: number[]): Buffer =>
  encodeMessage('users_status_request', { userId: 1, userIdList });
const message = encodeMessage('msg_read_notify', {
  ...{ userId: 1, sessionId: 2, msgId: 3, sessionType: 1 },
});

/** What a link is sent, in words. */
class Ear {
  readonly heard: string[] = [];
  progressed(): void {}
  send(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
      const pdu = decodeMessage(bytes.subarray(at, at + bytes.readUInt32BE(at)));
      if (pdu?.command === 'users_status_response') {
        const stats = pdu.fields.userStatList.map(({ userId, status }) => `${userId} ${status}`);
        this.heard.push(`answer: ${stats.join(', ')}`);
      } else {
        this.heard.push(pdu?.command ?? 'unknown');
      }
    }
  }
}

function scene() {
  const presence = new PresenceMemory({
    ...{ graceMs: 0, lingerMs: 0, perSecond: 1, lost: () => {}, back: () => {} },
  });
  const counters = new Counters();
  const bus = { send: () => {} };
  const watch = new Watch();
  const exchange = new Exchange({ bus, presence, counters, watch, overtakenMs: 60_000 });
  const warnOfSecondLink = (): void => {};
  const intakeTurns = new IntakeTurns();
  const host = {
    ...{ presence, exchange, counters, watch, intakeTurns },
    ...({ links: 'all', warnOfSecondLink } as const),
  };
  const own = new Ear();
  const other = new Ear();
  exchange.setReceiving(other, true);
  return { presence, own, other, conversation: new Conversation('node.1', own, host) };
}

function sayBehind(conversation: PduSink): void {
  conversation.pdu('status-query', query(USERS, USERS + 1));
  conversation.run('relay-to-others', message, 1);
  conversation.pdu(
    'status-update',
    encodeMessage('user_status_update', { userStatus: online, userId: 7, clientType: windows }),
  );
  conversation.run('relay-to-others', message, 1);
}

const OWN = [`answer: ${USERS} 1, ${USERS + 1} 2`, 'login_status_notify', 'status_notify'];
const OTHER = ['msg_read_notify', 'login_status_notify', 'status_notify', 'msg_read_notify'];

describe('a large snapshot', () => {
  it('is taken in bit by bit, and what comes behind it waits for it, in order', async () => {
    const { presence, own, other, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(1, USERS));
    sayBehind(conversation);
    expect(presence.heldUsers).toBeGreaterThan(0);
    expect(presence.heldUsers).toBeLessThan(USERS / 2);
    expect(conversation.waitingPdus).toBe(4);
    expect(conversation.waitingBytes).toBeGreaterThan(4 * 16);
    expect([...own.heard, ...other.heard]).toEqual([]);
    while (conversation.waitingPdus > 0) await nextTurn();
    expect(presence.heldUsers).toBe(USERS);
    expect(own.heard).toEqual(OWN);
    expect(other.heard).toEqual(OTHER);
  });

  it('may follow another one', async () => {
    const { presence, own, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(1, USERS / 2));
    conversation.pdu('snapshot', snapshotOf(1 + USERS / 2, USERS / 2));
    sayBehind(conversation);
    while (conversation.waitingPdus > 0) await nextTurn();
    expect(presence.heldUsers).toBe(USERS);
    expect(own.heard[0]).toBe(OWN[0]);
  });

  it('is done with when its link ends, and so is all that came behind it', () => {
    const { presence, own, other, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(1, USERS / 2));
    conversation.pdu('snapshot', snapshotOf(1 + USERS / 2, USERS / 2));
    sayBehind(conversation);
    conversation.end('release');
    let settled = false;
    conversation.whenSettled(() => {
      settled = true;
    });
    expect(settled).toBe(true);
    expect(presence.heldUsers).toBe(0);
    expect(own.heard[0]).toBe(OWN[0]);
    expect(other.heard.at(-1)).toBe('msg_read_notify');
  });

  it('adds nobody once its link has ended', async () => {
    const { presence, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(1, USERS));
    conversation.end('release');
    await nextTurn();
    await nextTurn();
    expect(presence.heldUsers).toBe(0);
  });
});
