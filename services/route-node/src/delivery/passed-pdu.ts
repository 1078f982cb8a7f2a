import { HolderSet } from './holders.ts';

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

  constructor(users: { readonly first: number; readonly second: number }) {
    this.users = users;
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
