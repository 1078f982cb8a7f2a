import type { UserState } from '@route/presence';
import {
  type ClientStatus,
  isPc,
  USER_STATUS,
  type UserStatus,
  writeLoginStatusNotify,
  writeStatusNotify,
} from '@route/protocol';

/** What a notification can say. By their places here they travel on the bus: new ones go to the end. */
export const NOTIFICATION_KINDS = [
  'login-off',
  'login-on',
  'online',
  'offline',
  'leave',
  'grace-over',
] as const;

/**
 * What a notification says: the login status, or the status. 'grace-over' is an OFFLINE of a user who was lost with a
 * link and is not back.
 */
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/** A notification for every link: what it says of whom, and which commit it tells of. */
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
 * What a committed status update is to be told, in order. Protocol: the login status first, if the
 * user is still held and a PC client came or the last one went; then the status, if it is a PC
 * client's and no other PC client outweighs its going.
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

/** Writes a notice's PDU; returns where it ends. It takes up NOTIFY_BYTES at the most. */
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
 * Knows which notification of each user was passed on last, so that an older one which comes later
 * (from another node, by another way) can be left out: every link ends with the last committed state.
 */
export class LatestNotifications {
  readonly #rememberMs: number;
  readonly #now: () => number;
  /** Versions. */
  #recent = new Map<number, number>();
  #older = new Map<number, number>();
  #turnAt: number;

  /** A user's last version is remembered for so long: longer than two notifications can race. */
  constructor(rememberMs: number, now: () => number) {
    this.#rememberMs = rememberMs;
    this.#now = now;
    this.#turnAt = now() + rememberMs;
  }

  /** Whether a notice may be passed on; it is then the latest. */
  accept({ kind, userId, version }: Notification): boolean {
    this.#forget();
    const key = keyOf(userId, topicOf(kind));
    if (version < this.#at(key)) return false;
    this.#recent.set(key, version);
    return true;
  }

  /** A commit of this node, which need not be announced, has left a user with mobile clients alone. */
  noteMobile(userId: number, version: number): void {
    this.#forget();
    this.#recent.set(keyOf(userId, 'mobile'), version);
  }

  /** The version of a user's status notification that was passed on last; 0 where none is remembered. */
  statusVersion(userId: number): number {
    return this.#at(keyOf(userId, 'status'));
  }

  /** The version of a user's login status notification that was passed on last; 0 where none is remembered. */
  loginVersion(userId: number): number {
    return this.#at(keyOf(userId, 'login'));
  }

  /** The version of {@link LatestNotifications.noteMobile}; 0 where none is remembered. */
  mobileVersion(userId: number): number {
    return this.#at(keyOf(userId, 'mobile'));
  }

  #at(key: number): number {
    return this.#recent.get(key) ?? this.#older.get(key) ?? 0;
  }

  /** Two generations: what was not renewed for one to two times that long goes, without a scan. */
  #forget(): void {
    const now = this.#now();
    if (now < this.#turnAt) return;
    this.#older = now < this.#turnAt + this.#rememberMs ? this.#recent : new Map();
    this.#recent = new Map();
    this.#turnAt = now + this.#rememberMs;
  }
}

const TOPICS = ['login', 'status', 'mobile'] as const;

/** The status notifications of a user, whatever they say, follow each other; the login's are apart. */
function topicOf(kind: NotificationKind): (typeof TOPICS)[number] {
  return kind === 'login-on' || kind === 'login-off' ? 'login' : 'status';
}

function keyOf(userId: number, topic: (typeof TOPICS)[number]): number {
  return userId * TOPICS.length + TOPICS.indexOf(topic);
}
