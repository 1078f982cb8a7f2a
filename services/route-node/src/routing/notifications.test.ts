import type { UserState } from '@route/presence';
import {
  CLIENT_TYPE,
  type ClientType,
  readHeader,
  USER_STATUS,
  type UserStatus,
} from '@route/protocol';
import { describe, expect, it } from 'vitest';
import { NOTIFICATION_BYTES, readNotifications, writeNotification } from './bus-messages.ts';
import {
  LatestNotifications,
  NOTIFICATION_KINDS,
  type Notification,
  type NotificationKind,
  notificationsOf,
  writeNotificationPdu,
} from './notifications.ts';

function told(status: UserStatus, clientType: ClientType, state: UserState): string[] {
  return notificationsOf({ userId: 7, status, clientType }, state, 1).map((notice) => {
    const bytes = Buffer.alloc(64);
    const pdu = bytes.subarray(0, writeNotificationPdu(bytes, 0, notice));
    const { length, commandId } = readHeader(pdu);
    expect(length).toBe(pdu.length);
    return `${notice.kind} ${pdu.subarray(16).toString('hex')} ${commandId.toString(16)}`;
  });
}

const LOGIN_ON = 'login-on 08071001 70e';
const LOGIN_OFF = 'login-off 08071000 70e';
const ONLINE = 'online 0a0408071001 203';
const OFFLINE = 'offline 0a0408071002 203';
const AWAY = 'leave 0a0408071003 203';

describe('notifications of a status update', () => {
  const { online, offline, leave } = USER_STATUS;
  const { windows, mac, ios, android } = CLIENT_TYPE;

  it.each([
    ['a PC client that comes', online, windows, 'pc', [LOGIN_ON, ONLINE]],
    ['a PC client that goes away', leave, mac, 'pc', [LOGIN_ON, AWAY]],
    ['a mobile client that comes while a PC is there', online, ios, 'pc', [LOGIN_ON]],
    ['a mobile client that goes away while a PC is there', leave, android, 'pc', [LOGIN_ON]],
    ['a mobile client that comes while no PC is there', online, android, 'mobile-only', []],
    ['a mobile client that leaves a PC', offline, ios, 'pc', []],
    ['a mobile client that leaves another mobile one', offline, ios, 'mobile-only', []],
    ['the last client, a mobile one', offline, ios, 'gone', []],
    [
      'the last PC client while a mobile one stays',
      offline,
      windows,
      'mobile-only',
      [LOGIN_OFF, OFFLINE],
    ],
    ['the last client, a PC one', offline, windows, 'gone', [OFFLINE]],
    ['a PC client that leaves another PC client', offline, windows, 'pc', []],
  ] as const)('%s', (_, status, type, state, notices) => {
    expect(told(status, type, state)).toEqual(notices);
  });
});

describe('notifications on the bus', () => {
  const notices: Notification[] = [
    ...notificationsOf(
      { userId: 4_294_967_295, status: 1, clientType: 1 },
      'pc',
      1_795_000_000_000_001,
    ),
    ...notificationsOf({ userId: 0, status: 2, clientType: 1 }, 'gone', 3),
  ];

  const written = (): Buffer => {
    const bytes = Buffer.alloc(NOTIFICATION_BYTES * notices.length);
    let at = 0;
    for (const notice of notices) at = writeNotification(bytes, at, notice);
    expect(at).toBe(bytes.length);
    return bytes;
  };

  it('arrive as they were sent, several in one message', () => {
    expect(notices).toHaveLength(3);
    expect(readNotifications(written())).toEqual(notices);
  });

  it('are ignored when truncated', () => {
    const bytes = written();
    expect(readNotifications(bytes.subarray(0, bytes.length - 1))).toEqual(notices.slice(0, -1));
    expect(readNotifications(bytes.subarray(0, 5))).toEqual([]);
  });

  it('are ignored when only a newer node knows their kind', () => {
    const bytes = written();
    bytes.writeUInt8(NOTIFICATION_KINDS.length, NOTIFICATION_BYTES);
    expect(readNotifications(bytes)).toEqual([notices[0], notices[2]]);
  });
});

describe('the latest notifications', () => {
  const notice = (kind: NotificationKind, userId: number, version: number): Notification => ({
    kind,
    userId,
    version,
  });

  it('drop an older one of the same user and topic', () => {
    const latest = new LatestNotifications(60_000, () => 0);
    expect(latest.accept(notice('online', 1, 5))).toBe(true);
    expect(latest.accept(notice('online', 1, 4))).toBe(false);
    expect(latest.accept(notice('online', 1, 5))).toBe(true);
    expect(latest.accept(notice('online', 1, 6))).toBe(true);
  });

  it('treat all statuses of a user as one topic', () => {
    const latest = new LatestNotifications(60_000, () => 0);
    expect(latest.statusVersion(1)).toBe(0);
    latest.accept(notice('offline', 1, 5));
    expect(latest.accept(notice('online', 1, 4))).toBe(false);
    expect(latest.statusVersion(1)).toBe(5);
    latest.accept(notice('login-on', 1, 9));
    expect(latest.statusVersion(1)).toBe(5);
  });

  it('accept one of another user or topic, whatever its version', () => {
    const latest = new LatestNotifications(60_000, () => 0);
    latest.accept(notice('online', 1, 5));
    expect(latest.accept(notice('online', 2, 1))).toBe(true);
    expect(latest.accept(notice('login-on', 1, 1))).toBe(true);
  });

  it('are remembered for at least a minute, but not for ever', () => {
    let now = 0;
    const latest = new LatestNotifications(60_000, () => now);
    latest.accept(notice('online', 1, 5));
    now = 60_001;
    expect(latest.accept(notice('online', 1, 4))).toBe(false);
    now = 500_000;
    expect(latest.accept(notice('online', 1, 4))).toBe(true);
  });
});
