import type { Clock } from '@route/bus';
import type { InterestObserver, LinkId } from '@route/presence';
import type { HoldingsSum, InterestChange } from '../bus-messages.ts';
import type { Receiver, Receivers } from '../delivery.ts';
import { InterestCleanup } from './interest-cleanup.ts';
import { InterestSet, InterestTable } from './interest-table.ts';

export interface LocalInterestOptions {
  readonly receivers: Receivers;
  readonly clock: Clock;
  /** Whether any link of this node holds a user has changed. */
  changed(change: InterestChange): void;
  /** A link begins to hold a user. */
  begins(userId: number, link: Receiver): void;
}

/** This node's links, and whom each of them holds. */
export class LocalInterest implements InterestObserver {
  readonly #options: LocalInterestOptions;
  readonly #receivers: Receivers;
  readonly #links = new Map<LinkId, Receiver>();
  readonly #holders = new InterestTable<Receiver>();
  readonly #forgetting: InterestCleanup<Receiver>;
  #listing = new InterestSet<Receiver>([]);
  #besides = new WeakMap<Receiver, InterestSet<Receiver>>();

  constructor(options: LocalInterestOptions) {
    this.#options = options;
    this.#receivers = options.receivers;
    this.#forgetting = new InterestCleanup(this.#holders, options.clock, (userId) =>
      options.changed({ userId, held: false }),
    );
  }

  /** Links whose list of users is being taken in: whom they hold is not known to the end. */
  get listing(): InterestSet<Receiver> {
    return this.#listing;
  }

  open(link: Receiver): void {
    this.#links.set(link.id, link);
  }

  /** @returns the link, if it was open. */
  close(id: LinkId): Receiver | undefined {
    const link = this.#links.get(id);
    this.#links.delete(id);
    return link;
  }

  /** A link's list of users is being taken in, or no longer. @returns whether that is a change. */
  setImporting(link: Receiver, lists: boolean): boolean {
    if (lists === this.#listing.has(link)) return false;
    const others = this.#listing.members.filter((other) => other !== link);
    this.#listing = new InterestSet(lists ? [...others, link] : others);
    this.#besides = new WeakMap();
    return true;
  }

  /** The links that hold a user. */
  of(userId: number): InterestSet<Receiver> {
    return this.#holders.of(userId);
  }

  /** What all comes to that was told of these links. */
  get told(): HoldingsSum {
    return { wantsAll: !this.#listing.isEmpty, sum: this.#holders.sum };
  }

  /** The users of a shard whom any link holds. */
  usersOf(shard: number): readonly number[] {
    return this.#holders.usersOf(shard);
  }

  /** A link that has sent something, which it is not to get, and those that get it whomever it concerns. */
  besides(from: Receiver): InterestSet<Receiver> {
    const known = this.#besides.get(from);
    if (known !== undefined) return known;
    const set = new InterestSet([from, ...this.#listing.members.filter((link) => link !== from)]);
    this.#besides.set(from, set);
    return set;
  }

  /** Whether any of the links receives. */
  receivesAny({ members }: InterestSet<Receiver>): boolean {
    for (const link of members) if (this.#receivers.has(link)) return true;
    return false;
  }

  added(id: LinkId, userId: number): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#forgetting.finish(link);
    if (this.#holders.add(userId, link)) this.#options.changed({ userId, held: true });
    this.#options.begins(userId, link);
  }

  removed(id: LinkId, userId: number): void {
    const link = this.#links.get(id);
    if (link === undefined || !this.#holders.remove(userId, link)) return;
    this.#options.changed({ userId, held: false });
  }

  cleared(id: LinkId): void {
    const link = this.#links.get(id);
    if (link !== undefined) this.#forgetting.begin(link);
  }
}
