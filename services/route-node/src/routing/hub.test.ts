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
  /** What a link was told: the status of the notifications that came. */
  told(): Promise<readonly string[]>;
}

/** An hub with one link, and of presence what it remembers of announcements. */
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
      isGraceOver: (userId, since) => (graceOver.get(userId) ?? -1) >= since,
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

// Was announced neither: the last notification was an OFFLINE, though the user had come back by a list.
test('a lost user whose last notification was an OFFLINE of a client is announced', async () => {
  const { hub, told } = scene();
  hub.announce(OFFLINE, 'gone', 1);
  hub.announceLost(USER, 'gone', 5);
  expect(await told()).toEqual([GONE, GONE]);
});

test('a lost user is announced once, and again after a PC client has come', async () => {
  const { hub, told } = scene();
  hub.announceLost(USER, 'mobile-only', 1);
  hub.announceLost(USER, 'mobile-only', 2);
  expect(await told()).toEqual(['login', GONE]);
  hub.announce({ ...OFFLINE, status: USER_STATUS.online }, 'pc', 3);
  hub.announceLost(USER, 'gone', 4);
  expect(await told()).toEqual(['login', `${USER_STATUS.online}`, GONE]);
});

// Was announced twice: by the grace after the node was reaped, and by the update that the node had kept.
test('an OFFLINE kept while its node was reaped is left out where the grace has ended meanwhile', async () => {
  const { hub, told } = scene();
  hub.announceLost(USER, 'gone', 5);
  hub.announceLate({ update: OFFLINE, state: 'gone', version: 9, since: 3 });
  expect(await told()).toEqual([GONE]);
  hub.announceLate({ update: OFFLINE, state: 'gone', version: 10, since: 6 });
  expect(await told()).toEqual([GONE]);
});

test('a notification whose version no node can have given out is dropped and counted', async () => {
  const { hub, counters, told } = scene({ versionSeen: (version) => version < 100 });
  const entry = Buffer.alloc(2 * NOTIFICATION_BYTES);
  const forged = { kind: 'offline', userId: USER, version: 100 } as const;
  writeNotification(entry, writeNotification(entry, 0, forged), { ...forged, version: 7 });
  hub.entry(MESSAGE_TYPES.notice, entry, { node: 'other', frame: 1 });
  expect(await told()).toEqual([GONE]);
  expect(counters.busEntriesInvalid).toBe(1);
  // What the user's own node tells next is not taken for older.
  hub.announce({ ...OFFLINE, status: USER_STATUS.online }, 'pc', 8);
  expect(await told()).toHaveLength(2);
});
