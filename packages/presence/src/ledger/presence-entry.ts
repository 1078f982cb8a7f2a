import { type ClientStatus, type ClientType, USER_STATUS } from '@route/protocol';
import type { ClientCounts, UserState } from '../presence.ts';
import { type Counts, clientTypeAt, countsByType, indexOfClientType } from './client-counts.ts';

/** Four types, 0 to 3 clients each, away or not: at most 10,000 shared entries. */
const SHARED_UP_TO = 3;
/** Added client types could make more. Entries beyond this number are not shared. */
const MOST_SHARED = 20_000;
const SHARED = new Map<string, PresenceEntry>();
const PLACES: PresenceEntry[] = [];

/**
 * The clients of one user on one link: how many of each type, and how many are away. Immutable and
 * shared: nearly all users have one of a few entries, so a table can store a number per user.
 */
export class PresenceEntry {
  static readonly NOTHING = PresenceEntry.#make([], []);

  /** The number of this entry in this process, 0 for NOTHING. Undefined if it is not shared. */
  readonly place: number | undefined;

  /** The text in Redis: for each client type its name and count, as in 'w1i2'. */
  readonly text: string;
  /** The state of the user if no other link has clients of the user. */
  readonly state: UserState;
  readonly #counts: Counts;
  readonly #away: Counts;
  readonly #next = new Map<number, PresenceEntry>();

  private constructor(counts: Counts, away: Counts, place: number | undefined) {
    this.#counts = counts;
    this.#away = away;
    this.place = place;
    this.text = counts.map((n, i) => (n > 0 ? clientTypeAt(i).text + n : '')).join('');
    const hasPc = counts.some((n, i) => n > 0 && clientTypeAt(i).isPc);
    this.state = hasPc ? 'pc' : this.text === '' ? 'gone' : 'mobile-only';
  }

  /** The shared entry at a place, or NOTHING. */
  static at(place: number): PresenceEntry {
    return PLACES[place] ?? PresenceEntry.NOTHING;
  }

  get isNothing(): boolean {
    return this.text === '';
  }

  /** How many clients of each type are counted, away or not. */
  get clients(): ClientCounts {
    return countsByType(this.#counts);
  }

  /** Whether a client of this type is counted. */
  has(clientType: ClientType): boolean {
    return at(this.#counts, indexOfClientType(clientType)) > 0;
  }

  /** How many of them are away. */
  get away(): ClientCounts {
    return countsByType(this.#away);
  }

  /** Returns a PC client, preferably one that is not away. Undefined when there is none. */
  pcClient(userId: number): ClientStatus | undefined {
    return this.state === 'pc' ? this.client(userId) : undefined;
  }

  /** Returns a client: a PC client if there is one, and preferably one that is not away. */
  client(userId: number): ClientStatus | undefined {
    const counts = (i: number): boolean => this.state !== 'pc' || clientTypeAt(i).isPc;
    const here = this.#counts.findIndex((n, i) => counts(i) && n > at(this.#away, i));
    if (here >= 0) {
      return { userId, clientType: clientTypeAt(here).type, status: USER_STATUS.online };
    }
    const away = this.#counts.findIndex((n, i) => counts(i) && n > 0);
    if (away < 0) return undefined;
    return { userId, clientType: clientTypeAt(away).type, status: USER_STATUS.leave };
  }

  /**
   * Returns the entry after a status update. A client that comes back is not counted again. An
   * OFFLINE of a client that is not counted changes nothing.
   */
  updated({ clientType, status }: ClientStatus): PresenceEntry {
    const i = indexOfClientType(clientType);
    const count = at(this.#counts, i);
    const away = at(this.#away, i);
    switch (status) {
      case USER_STATUS.online:
        return away > 0 ? this.#to(i, count, away - 1) : this.#to(i, count + 1, 0);
      case USER_STATUS.leave:
        return count > 0 ? this.#to(i, count, Math.min(count, away + 1)) : this.#to(i, 1, 1);
      case USER_STATUS.offline:
        return count > 0 ? this.#to(i, count - 1, Math.min(count - 1, away)) : this;
    }
  }

  /** Returns the entry after an item of a snapshot. Each item is a client of its own. */
  added({ clientType, status }: ClientStatus): PresenceEntry {
    const i = indexOfClientType(clientType);
    const count = at(this.#counts, i);
    const away = at(this.#away, i);
    switch (status) {
      case USER_STATUS.online:
        return this.#to(i, count + 1, away);
      case USER_STATUS.leave:
        return this.#to(i, count + 1, away + 1);
      case USER_STATUS.offline:
        return this.updated({ userId: 0, clientType, status });
    }
  }

  #to(i: number, count: number, away: number): PresenceEntry {
    // Small entries are cached and shared. Unusual counts must not fill the memory.
    const key = (i * (SHARED_UP_TO + 1) + count) * (SHARED_UP_TO + 1) + away;
    const known = count <= SHARED_UP_TO ? this.#next.get(key) : undefined;
    if (known !== undefined) return known;
    const counts = withAt(this.#counts, i, count);
    const aways = withAt(this.#away, i, away);
    if (counts.every((n) => n === 0)) return PresenceEntry.NOTHING;
    const next = PresenceEntry.#make(counts, aways);
    if (this.place !== undefined && next.place !== undefined) this.#next.set(key, next);
    return next;
  }

  static #make(counts: Counts, away: Counts): PresenceEntry {
    if (!counts.every((n) => n <= SHARED_UP_TO)) return new PresenceEntry(counts, away, undefined);
    const name = `${counts}/${away}`;
    const known = SHARED.get(name);
    if (known !== undefined) return known;
    if (PLACES.length >= MOST_SHARED) return new PresenceEntry(counts, away, undefined);
    const entry = new PresenceEntry(counts, away, PLACES.length);
    SHARED.set(name, entry);
    PLACES.push(entry);
    return entry;
  }
}

function at(counts: Counts, i: number): number {
  return counts[i] ?? 0;
}

/** Drops trailing zeros, so that equal counts are equal lists. */
function withAt(counts: Counts, i: number, value: number): Counts {
  const next = Array.from({ length: Math.max(counts.length, i + 1) }, (_, k) => at(counts, k));
  next[i] = value;
  while (next.at(-1) === 0) next.pop();
  return next;
}
