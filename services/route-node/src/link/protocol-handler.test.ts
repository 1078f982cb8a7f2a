import { setImmediate as nextTurn } from 'node:timers/promises';
import { PresenceMemory } from '@route/presence';
import {
  CLIENT_TYPE,
  COMMAND_INDEX_BY_ID,
  COMMANDS,
  decodeMessage,
  encodeMessage,
  type PduSink,
  STANDARD_CLIENT_TYPES,
  USER_STATUS,
} from '@route/protocol';
import { describe, expect, it, vi } from 'vitest';
import { Counters } from '../observability/counters.ts';
import { PduMonitor } from '../observability/pdu-monitor.ts';
import { Broadcast } from '../routing/broadcast.ts';
import type { Receiver } from '../routing/delivery.ts';
import { Hub } from '../routing/hub.ts';
import { ProtocolHandler } from './protocol-handler.ts';
import { TimeSlicer } from './time-slicer.ts';

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

/** Names of the PDUs that a link is sent. */
class Ear {
  readonly id: string;
  readonly heard: string[] = [];
  constructor(id: string) {
    this.id = id;
  }
  progressed(): void {}
  sendPart(bytes: Buffer, start: number, end: number): void {
    this.send(bytes.subarray(start, end));
  }
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
  const listing: boolean[] = [];
  const watch = new PduMonitor();
  const hub = new Hub({
    ...{ bus, presence, counters, watch, staleMs: 60_000 },
    delivery: (receivers) =>
      Object.assign(new Broadcast(receivers, bus), {
        setImporting: (_link: Receiver, lists: boolean) => listing.push(lists),
      }),
  });
  const warnOfSecondLink = (): void => {};
  let nowMs = 0;
  // One step per turn of the loop.
  const timeSlicer = new TimeSlicer(() => {
    nowMs += 1000;
    return nowMs;
  });
  const host = {
    ...{ presence, hub, counters, watch, timeSlicer },
    ...({ links: 'all', warnOfSecondLink } as const),
    ...{ clientTypes: STANDARD_CLIENT_TYPES, maxQueryUsers: 5000, dropped: () => {} },
  };
  const own = new Ear('node.1');
  const other = new Ear('node.2');
  hub.setReceiving(other, true);
  const conversation = new ProtocolHandler('node.1', own, host);
  const snapshot = COMMAND_INDEX_BY_ID[COMMANDS.online_user_info.commandId] ?? 0;
  const malformedSnapshots = (): number => counters.malformed[snapshot] ?? 0;
  return { presence, own, other, conversation, malformedSnapshots, listing };
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

async function settled(conversation: ProtocolHandler): Promise<void> {
  await new Promise<void>((resolve) => conversation.whenSettled(resolve));
}

describe('a large query', () => {
  // The user whose update follows the query is asked in the last part.
  const ids = Array.from({ length: 4999 }, (_, i) => 4999 - i);

  it('is asked in steps, and PDUs behind it wait for it, in order', async () => {
    const { presence, own, other, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(USERS, 1));
    const asked = vi.spyOn(presence, 'query');
    conversation.pdu('status-query', query(...ids));
    sayBehind(conversation);
    let parts = 0;
    while (conversation.pendingPdus > 0) {
      expect([...own.heard, ...other.heard]).toEqual([]);
      expect(asked.mock.calls.length - parts).toBeLessThanOrEqual(1);
      parts = asked.mock.calls.length;
      await nextTurn();
    }
    expect(asked.mock.calls.every(([, part]) => part.length <= 500)).toBe(true);
    expect(own.heard).toEqual([`answer: ${ids.map((id) => `${id} 2`).join(', ')}`, ...OWN]);
    expect(other.heard).toEqual(OTHER);
  });

  it('is answered if its link closes', async () => {
    const { own, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(USERS, 1));
    conversation.pdu('status-query', query(...ids));
    conversation.pdu('status-query', query(...ids, 1));
    sayBehind(conversation);
    conversation.end('release');
    await settled(conversation);
    expect(own.heard).toHaveLength(2 + OWN.length);
    expect(own.heard.slice(2)).toEqual(OWN);
  });
});

describe('a large snapshot', () => {
  it('is imported in steps, and PDUs behind it wait for it, in order', async () => {
    const { presence, own, other, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(1, USERS));
    sayBehind(conversation);
    expect(presence.userCount).toBe(0);
    let before = 0;
    while (presence.userCount < USERS) {
      expect(conversation.pendingPdus).toBe(4);
      expect(conversation.pendingBytes).toBeGreaterThan(4 * 16);
      expect([...own.heard, ...other.heard]).toEqual([]);
      expect(presence.userCount - before).toBeLessThan(1000);
      before = presence.userCount;
      await nextTurn();
    }
    expect(conversation.pendingPdus).toBe(0);
    expect(presence.userCount).toBe(USERS);
    expect(own.heard).toEqual(OWN);
    expect(other.heard).toEqual(OTHER);
  });

  it('is marked from its arrival to the end of the import', async () => {
    const { presence, conversation, listing } = scene();
    conversation.pdu('snapshot', snapshotOf(1, USERS));
    expect(listing).toEqual([true]);
    while (presence.userCount < USERS) {
      expect(listing).toEqual([true]);
      await nextTurn();
    }
    expect(listing).toEqual([true, false]);
  });

  it('may follow another one', async () => {
    const { presence, own, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(1, USERS / 2));
    conversation.pdu('snapshot', snapshotOf(1 + USERS / 2, USERS / 2));
    sayBehind(conversation);
    while (conversation.pendingPdus > 0) await nextTurn();
    expect(presence.userCount).toBe(USERS);
    expect(own.heard[0]).toBe(OWN[0]);
  });

  it('is imported in steps as well when its link closes, with all PDUs behind it', async () => {
    const { presence, own, other, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(1, USERS / 2));
    conversation.pdu('snapshot', snapshotOf(1 + USERS / 2, USERS / 2));
    sayBehind(conversation);
    conversation.end('release');
    let isSettled = false;
    conversation.whenSettled(() => {
      isSettled = true;
    });
    let [before, most] = [0, 0];
    while (!isSettled) {
      expect(presence.userCount - before).toBeLessThan(1000);
      before = presence.userCount;
      most = Math.max(most, before);
      await nextTurn();
    }
    expect(most).toBeGreaterThan(USERS - 1000);
    expect(presence.userCount).toBe(0);
    expect(own.heard[0]).toBe(OWN[0]);
    expect(other.heard.at(-1)).toBe('msg_read_notify');
  });

  it('may be followed by thousands of empty ones, which are handled one after another', async () => {
    const { presence, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(1, USERS));
    for (let i = 0; i < 4000; i++) conversation.pdu('snapshot', snapshotOf(1, 0));
    await settled(conversation);
    expect([conversation.pendingPdus, presence.userCount]).toEqual([0, USERS]);
  });

  it('does not block the loop, nor do many behind it, when its link closes', async () => {
    const { presence, conversation } = scene();
    for (let i = 0; i < 200; i++) conversation.pdu('snapshot', snapshotOf(1 + i * 1000, 1000));
    sayBehind(conversation);
    conversation.end('release');
    let before = 0;
    while (conversation.pendingPdus > 0) {
      expect(presence.userCount - before).toBeLessThan(10_000);
      before = presence.userCount;
      await nextTurn();
    }
    expect(before).toBeGreaterThan(190_000);
  });

  it('is dropped as a whole if one entry is invalid; PDUs behind it are handled', async () => {
    const { presence, own, conversation, malformedSnapshots } = scene();
    const snapshot = snapshotOf(1, USERS);
    // The client type of the last entry.
    snapshot[snapshot.length - 1] = 9;
    conversation.pdu('snapshot', snapshot);
    conversation.pdu('status-query', query(USERS));
    while (conversation.pendingPdus > 0) {
      expect(presence.userCount).toBe(0);
      await nextTurn();
    }
    expect(malformedSnapshots()).toBe(1);
    expect(presence.userCount).toBe(0);
    expect(own.heard).toEqual([`answer: ${USERS} 2`]);
  });

  it('counts as malformed even if its link closes before it is checked', async () => {
    const { conversation, malformedSnapshots } = scene();
    const snapshot = snapshotOf(1, USERS);
    snapshot[snapshot.length - 1] = 9;
    conversation.pdu('snapshot', snapshot);
    conversation.end('release');
    await settled(conversation);
    expect(malformedSnapshots()).toBe(1);
  });

  it('adds no users once its link has closed', async () => {
    const { presence, conversation } = scene();
    conversation.pdu('snapshot', snapshotOf(1, USERS));
    const added = vi.spyOn(presence, 'addClients');
    conversation.end('release');
    await settled(conversation);
    expect(added).not.toHaveBeenCalled();
  });
});

it('a small snapshot is imported at once', () => {
  const { presence, conversation } = scene();
  conversation.pdu('snapshot', snapshotOf(1, 500));
  expect(presence.userCount).toBe(500);
  expect(conversation.pendingPdus).toBe(0);
});
