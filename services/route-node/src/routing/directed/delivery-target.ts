import { InterestSet } from './interest-table.ts';

/** Tells who holds a user. */
interface InterestLookup<Holder> {
  of(userId: number): InterestSet<Holder>;
}

/** Passes a PDU on to a holder. */
export type Pass<Holder> = (holder: Holder, bytes: Buffer, start: number, end: number) => void;

/**
 * A PDU that is passed on: where it is, whom it concerns, and who gets it. One object serves for one PDU after the other:
 * it is read before the PDU is passed on to anybody, and not after.
 */
export class DeliveryTarget<Holder> {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** The users whom it concerns; they may be one. */
  readonly users: { readonly first: number; readonly second: number };
  /** Who holds the one and the other, and who gets it besides. */
  first = new InterestSet<Holder>([]);
  second = new InterestSet<Holder>([]);
  others = new InterestSet<Holder>([]);
  /** Who has sent it and does not get it, though it may be among these. */
  from: Holder | undefined;

  readonly #none = new InterestSet<Holder>([]);

  constructor(users: { readonly first: number; readonly second: number }) {
    this.users = users;
  }

  /** From now on it is this PDU, which concerns the users as they are now, and goes to who holds them. */
  aim(holders: InterestLookup<Holder>, bytes: Buffer, start: number, end: number): void {
    const { first, second } = this.users;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.first = holders.of(first);
    this.second = second === first ? this.#none : holders.of(second);
  }

  /** Passes it on to each who gets it, once. */
  passOn(pass: Pass<Holder>): void {
    // Read before: whatever comes of passing it on, this PDU goes on to whom it is for.
    const { first, second, others, from, bytes, start, end } = this;
    for (const holder of first.members) if (holder !== from) pass(holder, bytes, start, end);
    // Nearly always the users have one holder each: plain loops over short lists cost less than a set.
    for (const holder of second.members) {
      if (holder !== from && !first.has(holder)) pass(holder, bytes, start, end);
    }
    for (const holder of others.members) {
      if (holder === from || first.has(holder) || second.has(holder)) continue;
      pass(holder, bytes, start, end);
    }
  }
}
