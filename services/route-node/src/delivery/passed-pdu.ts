import { HolderSet } from './holders.ts';

/** Tells who holds a user. */
interface HoldersOf<Holder> {
  of(userId: number): HolderSet<Holder>;
}

/** A PDU that is passed on: where it is, whom it concerns, and who gets it. One object serves for one PDU after the other. */
export class PassedPdu<Holder> {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** The users whom it concerns; they may be one. */
  readonly users: { readonly first: number; readonly second: number };
  /** Who holds the one and the other, and who gets it besides. */
  first = new HolderSet<Holder>([]);
  second = new HolderSet<Holder>([]);
  others = new HolderSet<Holder>([]);

  readonly #none = new HolderSet<Holder>([]);

  constructor(users: { readonly first: number; readonly second: number }) {
    this.users = users;
  }

  /** From now on it is this PDU, which concerns the users as they are now, and goes to who holds them. */
  aim(holders: HoldersOf<Holder>, bytes: Buffer, start: number, end: number): void {
    const { first, second } = this.users;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.first = holders.of(first);
    this.second = second === first ? this.#none : holders.of(second);
  }

  /** Shows each who gets it, once. */
  forEachHolder(show: (holder: Holder) => void): void {
    const { first, second, others } = this;
    for (const holder of first.holders) show(holder);
    // Nearly always the users have one holder each: plain loops over short lists cost less than a set.
    for (const holder of second.holders) if (!first.has(holder)) show(holder);
    for (const holder of others.holders) {
      if (!first.has(holder) && !second.has(holder)) show(holder);
    }
  }
}
