import type { UserState } from '@route/presence';
import {
  type ClientStatus,
  isPc,
  USER_STATUS,
  type UserStatus,
  writeLoginStatusNotify,
  writeStatusNotify,
} from '@route/protocol';

/** Kinds of notifications. Their index is their code on the bus: append new ones at the end. */
export const NOTIFICATION_KINDS = [
  'login-off',
  'login-on',
  'online',
  'offline',
  'leave',
  'grace-over',
] as const;

/**
 * What a notification announces: a login status or a status. 'grace-over' is an OFFLINE of a user
 * whose offline grace has ended.
 */
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/** A notification for every link; `version` is that of the commit that it announces. */
export interface Notification {
  readonly kind: NotificationKind;
  readonly userId: number;
  readonly version: number;
}

const KIND_OF: Readonly<Record<UserStatus, NotificationKind>> = {
  [USER_STATUS.online]: 'online',
  [USER_STATUS.offline]: 'offline',
  [USER_STATUS.leave]: 'leave',
};

/**
 * Derives the notifications of a committed status update, in order. Protocol: first the login
 * status, if the user still has a client and a PC client connected or the last one disconnected;
 * then the status, if it is that of a PC client and not an OFFLINE while another PC client remains.
 */
export function notificationsOf(
  update: ClientStatus,
  state: UserState,
  version: number,
): Notification[] {
  const { userId, status, clientType } = update;
  const pc = isPc(clientType);
  const offline = status === USER_STATUS.offline;
  const notices: Notification[] = [];
  const login = loginStatus({ offline, pc, state });
  if (login !== undefined) {
    notices.push({ kind: login ? 'login-on' : 'login-off', userId, version });
  }
  if (pc && !(offline && state === 'pc')) notices.push({ kind: KIND_OF[status], userId, version });
  return notices;
}

/** Writes the PDU of a notification, at most NOTIFY_BYTES; returns the end offset. */
export function writeNotificationPdu(
  bytes: Buffer,
  start: number,
  { kind, userId }: Notification,
): number {
  switch (kind) {
    case 'login-on':
    case 'login-off':
      return writeLoginStatusNotify(bytes, start, { userId, online: kind === 'login-on' });
    case 'online':
    case 'offline':
    case 'leave':
      return writeStatusNotify(bytes, start, { userId, status: USER_STATUS[kind] });
    case 'grace-over':
      return writeStatusNotify(bytes, start, { userId, status: USER_STATUS.offline });
  }
}

function loginStatus({
  offline,
  pc,
  state,
}: {
  offline: boolean;
  pc: boolean;
  state: UserState;
}): boolean | undefined {
  if (state === 'gone') return undefined;
  if (offline) return pc && state === 'mobile-only' ? false : undefined;
  return state === 'pc' ? true : undefined;
}

/**
 * Remembers the last notification of each user, so that an older one that arrives later (from
 * another node, by another path) is dropped and every link ends with the last committed state.
 */
export class LatestNotifications {
  readonly #rememberMs: number;
  readonly #now: () => number;
  /** Versions by user and topic. */
  #recent = new Map<number, number>();
  #older = new Map<number, number>();
  #turnAt: number;

  /**
   * `rememberMs`: how long a version is remembered; must exceed the time that two notifications can
   * race.
   */
  constructor(rememberMs: number, now: () => number) {
    this.#rememberMs = rememberMs;
    this.#now = now;
    this.#turnAt = now() + rememberMs;
  }

  /** Whether a notification may be passed on; if so, records it as the latest. */
  accept({ kind, userId, version }: Notification): boolean {
    this.#forget();
    const key = keyOf(userId, topicOf(kind));
    if (version < this.#at(key)) return false;
    this.#recent.set(key, version);
    return true;
  }

  /**
   * Records a commit of this node, not necessarily announced, that left a user with mobile clients
   * only.
   */
  noteMobile(userId: number, version: number): void {
    this.#forget();
    this.#recent.set(keyOf(userId, 'mobile'), version);
  }

  /** Version of a user's last status notification; 0 if none is remembered. */
  statusVersion(userId: number): number {
    return this.#at(keyOf(userId, 'status'));
  }

  /** Version of a user's last login notification; 0 if none is remembered. */
  loginVersion(userId: number): number {
    return this.#at(keyOf(userId, 'login'));
  }

  /** Version of {@link LatestNotifications.noteMobile}; 0 if none is remembered. */
  mobileVersion(userId: number): number {
    return this.#at(keyOf(userId, 'mobile'));
  }

  #at(key: number): number {
    return this.#recent.get(key) ?? this.#older.get(key) ?? 0;
  }

  /**
   * Two generations: entries not renewed for one to two times `rememberMs` expire without a scan.
   */
  #forget(): void {
    const now = this.#now();
    if (now < this.#turnAt) return;
    this.#older = now < this.#turnAt + this.#rememberMs ? this.#recent : new Map();
    this.#recent = new Map();
    this.#turnAt = now + this.#rememberMs;
  }
}

const TOPICS = ['login', 'status', 'mobile'] as const;

/**
 * Status notifications of a user supersede each other, whatever the status; login is a separate
 * topic.
 */
function topicOf(kind: NotificationKind): (typeof TOPICS)[number] {
  return kind === 'login-on' || kind === 'login-off' ? 'login' : 'status';
}

function keyOf(userId: number, topic: (typeof TOPICS)[number]): number {
  return userId * TOPICS.length + TOPICS.indexOf(topic);
}
