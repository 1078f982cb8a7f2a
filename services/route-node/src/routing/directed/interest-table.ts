import { UserTable } from '@route/presence';
import { SHARD_COUNT, shardOf } from '@route/redis';

/** Links or nodes with interest in a user; shared by all users with the same set. */
export class InterestSet<Holder> {
  readonly members: readonly Holder[];

  constructor(holders: readonly Holder[]) {
    this.members = holders;
  }

  get isEmpty(): boolean {
    return this.members.length === 0;
  }

  has(holder: Holder): boolean {
    return this.members.includes(holder);
  }
}

/** Number of a link or node, and the hash of its set of users. */
interface Known {
  readonly id: number;
  sum: number;
}

interface Place<Holder> {
  set: InterestSet<Holder>;
  readonly key: string;
  users: number;
}

/** Interest of links or nodes in users, in a few bytes per user. */
export class InterestTable<Holder extends object> {
  readonly none = new InterestSet<Holder>([]);
  readonly #users: readonly UserTable[] = Array.from(
    { length: SHARD_COUNT },
    () => new UserTable(),
  );
  /** By the index that stands for a set in the tables; 0 is the empty set. */
  readonly #places: (Place<Holder> | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #known = new WeakMap<Holder, Known>();
  #lastId = 0;
  #sum = 0;

  /** Hash of the set of users with any interest. */
  get sum(): number {
    return this.#sum;
  }

  /** Hash of the set of users of a link or node. */
  sumOf(holder: Holder): number {
    return this.#knownOf(holder).sum;
  }

  /** Links or nodes with interest in a user. */
  of(userId: number): InterestSet<Holder> {
    const place = this.#tableOf(userId).get(userId);
    return place === 0 ? this.none : this.#at(place).set;
  }

  /** Adds interest in a user; returns whether it is the first. */
  add(userId: number, holder: Holder): boolean {
    const { set } = this.#change(userId, holder, (holders) =>
      holders.includes(holder) ? holders : [...holders, holder],
    );
    return set.isEmpty;
  }

  /** Removes interest in a user; returns whether it was the last. */
  remove(userId: number, holder: Holder): boolean {
    const { set, now } = this.#change(userId, holder, (holders) =>
      holders.includes(holder) ? holders.filter((other) => other !== holder) : holders,
    );
    return !set.isEmpty && now.length === 0;
  }

  /** Users of a shard with any interest, at this moment. */
  usersOf(shard: number): number[] {
    const users: number[] = [];
    this.#users[shard]?.forEach((userId) => {
      users.push(userId);
    });
    return users;
  }

  /**
   * Removes all interest of a link or node in a shard. @returns the users without remaining
   * interest.
   */
  forget(holder: Holder, shard: number): number[] {
    const held: number[] = [];
    this.#users[shard]?.forEach((userId, place) => {
      if (this.#at(place).set.has(holder)) held.push(userId);
    });
    return held.filter((userId) => this.remove(userId, holder));
  }

  #change(
    userId: number,
    holder: Holder,
    changed: (holders: readonly Holder[]) => readonly Holder[],
  ): { readonly set: InterestSet<Holder>; readonly now: readonly Holder[] } {
    const table = this.#tableOf(userId);
    const place = table.get(userId);
    const set = place === 0 ? this.none : this.#at(place).set;
    const now = changed(set.members);
    if (now === set.members) return { set, now };
    const part = mixed(userId);
    this.#knownOf(holder).sum ^= part;
    if (set.isEmpty || now.length === 0) this.#sum ^= part;
    if (now.length === 0) {
      table.delete(userId);
    } else {
      const next = this.#placeOf(now);
      this.#at(next).users++;
      table.set(userId, next);
    }
    if (place !== 0) this.#leave(place);
    return { set, now };
  }

  #placeOf(holders: readonly Holder[]): number {
    const key = holders
      .map((holder) => this.#knownOf(holder).id)
      .sort((a, b) => a - b)
      .join();
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = { set: new InterestSet(holders), key, users: 0 };
    this.#byKey.set(key, place);
    return place;
  }

  #leave(at: number): void {
    const place = this.#at(at);
    place.users--;
    if (place.users > 0) return;
    this.#byKey.delete(place.key);
    this.#places[at] = undefined;
    this.#free.push(at);
  }

  #knownOf(holder: Holder): Known {
    const known = this.#known.get(holder);
    if (known !== undefined) return known;
    const made = { id: ++this.#lastId, sum: 0 };
    this.#known.set(holder, made);
    return made;
  }

  #at(place: number): Place<Holder> {
    const found = this.#places[place];
    if (found === undefined) throw new Error(`no set of holders at ${place}`);
    return found;
  }

  #tableOf(userId: number): UserTable {
    const table = this.#users[shardOf(userId)];
    if (table === undefined) throw new Error(`user ${userId} belongs to no shard`);
    return table;
  }
}

/** Spreads user ids over 32 bits, without collisions. */
function mixed(userId: number): number {
  const once = Math.imul(userId ^ (userId >>> 16), 0x85eb_ca6b);
  return Math.imul(once ^ (once >>> 13), 0xc2b2_ae35);
}
