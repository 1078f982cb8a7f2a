import type { Announced } from '@route/presence';
import { CLIENT_TYPE, decodeMessage, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { Counters } from '../observability/counters.ts';
import { PduMonitor } from '../observability/pdu-monitor.ts';
import { Broadcast } from './broadcast.ts';
import { MESSAGE_TYPES, NOTIFICATION_BYTES, writeNotification } from './bus-messages.ts';
import type { Receiver } from './delivery.ts';
import { Hub } from './hub.ts';

const USER = 7;
const OFFLINE = { userId: USER, status: USER_STATUS.offline, clientType: CLIENT_TYPE.windows };

interface Scene {
  readonly hub: Hub;
  readonly counters: Counters;
  /** Status notifications that the link received. */
  told(): Promise<readonly string[]>;
}

/** A hub with one link, and the part of presence that remembers announcements. */
function scene({ versionSeen = (_: number): boolean => true } = {}): Scene {
  const told: string[] = [];
  const graceOver = new Map<number, number>();
  const bus = { send: (): void => {} };
  const counters = new Counters();
  const hub = new Hub({
    bus,
    presence: {
      announced: (userId: number, said: Announced, version: number) => {
        if (said === 'grace-over') graceOver.set(userId, version);
        else graceOver.delete(userId);
      },
      isGraceOver: (userId) => graceOver.has(userId),
      confirm: () => {},
      versionSeen,
    },
    counters,
    watch: new PduMonitor(),
    staleMs: 60_000,
    delivery: (receivers) => new Broadcast(receivers, bus),
  });
  const link: Receiver = {
    id: 'node.1',
    send: (bytes) => {
      for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
        const pdu = decodeMessage(bytes.subarray(at, at + bytes.readUInt32BE(at)));
        told.push(pdu?.command === 'status_notify' ? `${pdu.fields.userStat.status}` : 'login');
      }
    },
    sendPart: (bytes, start, end) => link.send(bytes.subarray(start, end)),
  };
  hub.setReceiving(link, true);
  return {
    hub,
    counters,
    told: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return told.splice(0);
    },
  };
}

const GONE = `${USER_STATUS.offline}`;

// Was never announced: the last notification was an OFFLINE, but the user had returned by a
// snapshot.
test('announces the end of the grace even if an OFFLINE of a client was last', async () => {
  const { hub, told } = scene();
  hub.announce(OFFLINE, 'gone', 1);
  hub.announceLost(USER, 'gone', 5);
  expect(await told()).toEqual([GONE, GONE]);
});

test('announces the end of the grace once, and again after a PC client', async () => {
  const { hub, told } = scene();
  hub.announceLost(USER, 'mobile-only', 1);
  hub.announceLost(USER, 'mobile-only', 2);
  expect(await told()).toEqual(['login', GONE]);
  hub.announce({ ...OFFLINE, status: USER_STATUS.online }, 'pc', 3);
  hub.announceLost(USER, 'gone', 4);
  expect(await told()).toEqual(['login', `${USER_STATUS.online}`, GONE]);
});

// Kept schedule `offline-again-while-away`.
test('after the end of the grace, a late OFFLINE is announced only for a client that its link did not have', async () => {
  const { hub, told } = scene();
  hub.announceLost(USER, 'gone', 5);
  hub.announceLate({ update: OFFLINE, state: 'gone', version: 9, hadClient: true });
  expect(await told()).toEqual([GONE]);
  hub.announceLate({ update: OFFLINE, state: 'gone', version: 10, hadClient: false });
  expect(await told()).toEqual([GONE]);
});

test('drops and counts a notification whose version no node can have assigned', async () => {
  const { hub, counters, told } = scene({ versionSeen: (version) => version < 100 });
  const entry = Buffer.alloc(2 * NOTIFICATION_BYTES);
  const forged = { kind: 'offline', userId: USER, version: 100 } as const;
  writeNotification(entry, writeNotification(entry, 0, forged), { ...forged, version: 7 });
  hub.entry(MESSAGE_TYPES.notification, entry, { node: 'other', frame: 1 });
  expect(await told()).toEqual([GONE]);
  expect(counters.busEntriesInvalid).toBe(1);
  // The next notification of the user's own node is not taken for stale.
  hub.announce({ ...OFFLINE, status: USER_STATUS.online }, 'pc', 8);
  expect(await told()).toHaveLength(2);
});
