import type { UserState } from '@route/presence';
import {
  type ClientStatus,
  encodeLoginStatusNotify,
  encodeStatusNotify,
  isPc,
  USER_STATUS,
} from '@route/protocol';

/** Which of a user's two notifications a PDU is; 'offline' is a status notification that says so. */
export type NoticeKind = 'login' | 'status' | 'offline';

/** A notification for every link: the PDU, and which commit of which user it tells of. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly userId: number;
  readonly version: number;
  readonly pdu: Buffer;
}

/**
 * What a committed status update is to be told, in order. Protocol: the login status first, if the
 * user is still held and a PC client came or the last one went; then the status, if it is a PC
 * client's and no other PC client outweighs its going.
 */
export function noticesOf(update: ClientStatus, state: UserState, version: number): Notice[] {
  const { userId, status, clientType } = update;
  const pc = isPc(clientType);
  const offline = status === USER_STATUS.offline;
  const notices: Notice[] = [];
  const login = loginStatus({ offline, pc, state });
  if (login !== undefined) {
    notices.push({ kind: 'login', userId, version, pdu: encodeLoginStatusNotify(userId, login) });
  }
  if (pc && !(offline && state === 'pc')) {
    const kind = offline ? 'offline' : 'status';
    notices.push({ kind, userId, version, pdu: encodeStatusNotify(userId, status) });
  }
  return notices;
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
export class LatestNotices {
  readonly #rememberMs: number;
  readonly #now: () => number;
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
  pass({ kind, userId, version }: Notice): boolean {
    this.#forget();
    const key = keyOf(userId, kind);
    if (version < this.#versionAt(key)) return false;
    this.#recent.set(key, version);
    return true;
  }

  /** The version of a user's status notification that was passed on last; 0 where none is remembered. */
  statusVersion(userId: number): number {
    return this.#versionAt(keyOf(userId, 'status'));
  }

  #versionAt(key: number): number {
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

/** The status notifications of a user, whatever they say, follow each other; the login's are apart. */
function keyOf(userId: number, kind: NoticeKind): number {
  return userId * 2 + (kind === 'login' ? 0 : 1);
}
