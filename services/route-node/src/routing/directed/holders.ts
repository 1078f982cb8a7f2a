import { UserTable } from '@route/presence';
import { SHARD_COUNT, shardOf } from '@route/redis';

/** Who holds a user; shared by all users whom the same ones hold. */
export class HolderSet<Holder> {
  readonly holders: readonly Holder[];

  constructor(holders: readonly Holder[]) {
    this.holders = holders;
  }

  get isEmpty(): boolean {
    return this.holders.length === 0;
  }

  has(holder: Holder): boolean {
    return this.holders.includes(holder);
  }
}

interface Place<Holder> {
  set: HolderSet<Holder>;
  readonly key: string;
  users: number;
}

/** Who holds whom: of each user the holders, in a few bytes a user. */
export class Holders<Holder extends object> {
  readonly none = new HolderSet<Holder>([]);
  readonly #users: readonly UserTable[] = Array.from(
    { length: SHARD_COUNT },
    () => new UserTable(),
  );
  /** By the number that stands for a set in the tables; 0 stands for no holder. */
  readonly #places: (Place<Holder> | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #ids = new WeakMap<Holder, number>();
  #lastId = 0;

  /** Who holds a user. */
  of(userId: number): HolderSet<Holder> {
    const place = this.#tableOf(userId).get(userId);
    return place === 0 ? this.none : this.#at(place).set;
  }

  /** A holder begins to hold a user; returns whether nobody did before. */
  add(userId: number, holder: Holder): boolean {
    const { set } = this.#change(userId, (holders) =>
      holders.includes(holder) ? holders : [...holders, holder],
    );
    return set.isEmpty;
  }

  /** A holder holds a user no longer; returns whether nobody does now. */
  remove(userId: number, holder: Holder): boolean {
    const { set, now } = this.#change(userId, (holders) =>
      holders.includes(holder) ? holders.filter((other) => other !== holder) : holders,
    );
    return !set.isEmpty && now.length === 0;
  }

  /** The users of a shard whom anybody holds, as they are now. */
  usersOf(shard: number): number[] {
    const users: number[] = [];
    this.#users[shard]?.forEach((userId) => {
      users.push(userId);
    });
    return users;
  }

  /** A holder holds nobody of a shard any more. @returns whom nobody holds now. */
  forget(holder: Holder, shard: number): number[] {
    const held: number[] = [];
    this.#users[shard]?.forEach((userId, place) => {
      if (this.#at(place).set.has(holder)) held.push(userId);
    });
    return held.filter((userId) => this.remove(userId, holder));
  }

  #change(
    userId: number,
    changed: (holders: readonly Holder[]) => readonly Holder[],
  ): { readonly set: HolderSet<Holder>; readonly now: readonly Holder[] } {
    const table = this.#tableOf(userId);
    const place = table.get(userId);
    const set = place === 0 ? this.none : this.#at(place).set;
    const now = changed(set.holders);
    if (now === set.holders) return { set, now };
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
      .map((holder) => this.#idOf(holder))
      .sort((a, b) => a - b)
      .join();
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = { set: new HolderSet(holders), key, users: 0 };
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

  #idOf(holder: Holder): number {
    const known = this.#ids.get(holder);
    if (known !== undefined) return known;
    this.#lastId++;
    this.#ids.set(holder, this.#lastId);
    return this.#lastId;
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
