import { CLIENT_TYPE, type ClientStatus, type ClientType, USER_STATUS } from '@route/protocol';
import type { ClientCounts, UserState } from './presence.ts';

type Counts = readonly [number, number, number, number];

/** By the type's index: windows, mac, ios, android. */
const TYPES = [
  { letter: 'w', isPc: true },
  { letter: 'm', isPc: true },
  { letter: 'i', isPc: false },
  { letter: 'a', isPc: false },
] as const;

const PC_TYPES = [CLIENT_TYPE.windows, CLIENT_TYPE.mac] as const;

/** Four types, 0 to 3 clients each, away or not: at most 10,000 shared holdings. */
const SHARED_UP_TO = 3;
const SHARED = new Map<string, Holding>();
/** The shared ones in the order in which they came up. */
const PLACES: Holding[] = [];

/**
 * What one link holds of one user: how many clients of each type are counted, and how many of these
 * are away. Immutable and shared: nearly all users of a node have one of a few holdings, so that a number
 * stands for what is held of a user.
 */
export class Holding {
  static readonly NOTHING = Holding.#shared([0, 0, 0, 0], [0, 0, 0, 0]);

  /**
   * A number that stands for this holding in this process, from 0 for {@link Holding.NOTHING}; undefined for
   * an odd one, which is not shared.
   */
  readonly place: number | undefined;

  /** What Redis keeps: a letter and a count for each client type counted, as in 'w1i2'. */
  readonly text: string;
  /** What the holding comes to when nobody else holds anything of the user. */
  readonly state: UserState;
  readonly #counts: Counts;
  readonly #away: Counts;
  readonly #next = new Map<number, Holding>();

  private constructor(counts: Counts, away: Counts, place: number | undefined) {
    this.#counts = counts;
    this.#away = away;
    this.place = place;
    this.text = TYPES.map((type, i) => (at(counts, i) > 0 ? type.letter + at(counts, i) : '')).join(
      '',
    );
    const hasPc = TYPES.some((type, i) => type.isPc && at(counts, i) > 0);
    this.state = hasPc ? 'pc' : this.text === '' ? 'gone' : 'mobile-only';
  }

  /** The shared holding that stands at a place; nothing where none does. */
  static at(place: number): Holding {
    return PLACES[place] ?? Holding.NOTHING;
  }

  get isNothing(): boolean {
    return this.text === '';
  }

  /** How many clients of each type are counted, away or not. */
  get clients(): ClientCounts {
    return byType(this.#counts);
  }

  /** How many of them are away. */
  get away(): ClientCounts {
    return byType(this.#away);
  }

  /** How many clients of a type are counted, away or not. */
  count(type: ClientType): number {
    return at(this.#counts, indexOf(type));
  }

  /** One of the PC clients, one that is not away before one that is; undefined when there is none. */
  pcClient(userId: number): ClientStatus | undefined {
    if (this.state !== 'pc') return undefined;
    const here = PC_TYPES.find((type) => this.count(type) > at(this.#away, indexOf(type)));
    if (here !== undefined) return { userId, clientType: here, status: USER_STATUS.online };
    const away = PC_TYPES.find((type) => this.count(type) > 0);
    return away && { userId, clientType: away, status: USER_STATUS.leave };
  }

  /**
   * The holding after a status update. A client counted once is not counted again by going away and
   * coming back; an OFFLINE of what is not counted changes nothing.
   */
  updated({ clientType, status }: ClientStatus): Holding {
    const i = indexOf(clientType);
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

  /** The holding after a snapshot's entry: each stands for a client of its own. */
  added({ clientType, status }: ClientStatus): Holding {
    const i = indexOf(clientType);
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

  #to(i: number, count: number, away: number): Holding {
    // Small holdings are remembered and shared; a stream of odd ones must not fill the memory.
    const key = (i * (SHARED_UP_TO + 1) + count) * (SHARED_UP_TO + 1) + away;
    const known = count <= SHARED_UP_TO ? this.#next.get(key) : undefined;
    if (known !== undefined) return known;
    const counts = withAt(this.#counts, i, count);
    const aways = withAt(this.#away, i, away);
    if (counts.every((n) => n === 0)) return Holding.NOTHING;
    if (!counts.every((n) => n <= SHARED_UP_TO)) return new Holding(counts, aways, undefined);
    const next = Holding.#shared(counts, aways);
    if (this.place !== undefined) this.#next.set(key, next);
    return next;
  }

  static #shared(counts: Counts, away: Counts): Holding {
    const name = `${counts}/${away}`;
    const known = SHARED.get(name);
    if (known !== undefined) return known;
    const holding = new Holding(counts, away, PLACES.length);
    SHARED.set(name, holding);
    PLACES.push(holding);
    return holding;
  }
}

/** A switch and not a search: this is asked once an update. */
function indexOf(type: ClientType): number {
  switch (type) {
    case CLIENT_TYPE.windows:
      return 0;
    case CLIENT_TYPE.mac:
      return 1;
    case CLIENT_TYPE.ios:
      return 2;
    case CLIENT_TYPE.android:
      return 3;
  }
}

function byType([windows, mac, ios, android]: Counts): ClientCounts {
  return { windows, mac, ios, android };
}

function at(counts: Counts, i: number): number {
  return counts[i] ?? 0;
}

function withAt(counts: Counts, i: number, value: number): Counts {
  const [w, m, ios, a] = counts;
  return [i === 0 ? value : w, i === 1 ? value : m, i === 2 ? value : ios, i === 3 ? value : a];
}
