import { InterestSet } from './interest-table.ts';

/** Finds the links or nodes with interest in a user. */
interface InterestLookup<Holder> {
  of(userId: number): InterestSet<Holder>;
}

/** Delivers a PDU to a link or node. */
export type Pass<Holder> = (holder: Holder, bytes: Buffer, start: number, end: number) => void;

/**
 * A directed PDU, its recipients, and the links or nodes that it goes to. One object is reused for
 * one PDU after another: it is read before the PDU is delivered, and not afterwards.
 */
export class DeliveryTarget<Holder> {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** The recipients; both ids may be the same user. */
  readonly users: { readonly first: number; readonly second: number };
  /** Interest in the first and in the second recipient, and what else receives the PDU. */
  first = new InterestSet<Holder>([]);
  second = new InterestSet<Holder>([]);
  others = new InterestSet<Holder>([]);
  /** The sender, which does not get the PDU even if it is in one of these sets. */
  from: Holder | undefined;

  readonly #none = new InterestSet<Holder>([]);

  constructor(users: { readonly first: number; readonly second: number }) {
    this.users = users;
  }

  /** Switches to the given PDU, its current recipients, and those with interest in them. */
  aim(holders: InterestLookup<Holder>, bytes: Buffer, start: number, end: number): void {
    const { first, second } = this.users;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.first = holders.of(first);
    this.second = second === first ? this.#none : holders.of(second);
  }

  /** Whether no link or node is a target. */
  get isEmpty(): boolean {
    return this.first.isEmpty && this.second.isEmpty && this.others.isEmpty;
  }

  /** Delivers the PDU once to each target. */
  passOn(pass: Pass<Holder>): void {
    // Copied first: a delivery may re-enter and aim this object at another PDU.
    const { first, second, others, from, bytes, start, end } = this;
    for (const holder of first.members) if (holder !== from) pass(holder, bytes, start, end);
    // Nearly every user is on one link: plain loops over short lists cost less than a set.
    for (const holder of second.members) {
      if (holder !== from && !first.has(holder)) pass(holder, bytes, start, end);
    }
    for (const holder of others.members) {
      if (holder === from || first.has(holder) || second.has(holder)) continue;
      pass(holder, bytes, start, end);
    }
  }
}
