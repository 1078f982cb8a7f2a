import type { Clock } from '@route/bus';
import type { InterestObserver, LinkId } from '@route/presence';
import type { HoldingsSum, InterestChange } from '../bus-messages.ts';
import type { Receiver, Receivers } from '../delivery.ts';
import { InterestCleanup } from './interest-cleanup.ts';
import { InterestSet, InterestTable } from './interest-table.ts';

export interface LocalInterestOptions {
  readonly receivers: Receivers;
  readonly clock: Clock;
  /** Called when this node gains or loses interest in a user. */
  changed(change: InterestChange): void;
  /** Called when a link gains interest in a user. */
  begins(userId: number, link: Receiver): void;
}

/** The links of this node and their interest. */
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

  /** Links with an import in progress: their interest is not complete. */
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

  /** Marks whether a link's snapshot is being imported. @returns whether that is a change. */
  setImporting(link: Receiver, lists: boolean): boolean {
    if (lists === this.#listing.has(link)) return false;
    const others = this.#listing.members.filter((other) => other !== link);
    this.#listing = new InterestSet(lists ? [...others, link] : others);
    this.#besides = new WeakMap();
    return true;
  }

  /** Links with interest in a user. */
  of(userId: number): InterestSet<Receiver> {
    return this.#holders.of(userId);
  }

  /** Checksum of the interest that this node has published. */
  get told(): HoldingsSum {
    return { wantsAll: !this.#listing.isEmpty, sum: this.#holders.sum };
  }

  /** Users of a shard with interest of any link. */
  usersOf(shard: number): readonly number[] {
    return this.#holders.usersOf(shard);
  }

  /** The sender, which does not get its own PDU, and the links that get every PDU. */
  besides(from: Receiver): InterestSet<Receiver> {
    const known = this.#besides.get(from);
    if (known !== undefined) return known;
    const set = new InterestSet([from, ...this.#listing.members.filter((link) => link !== from)]);
    this.#besides.set(from, set);
    return set;
  }

  /** Whether any of the links currently receives. */
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
