/**
 * Where directed traffic goes: receiver n holds the user `mailboxes[n]`. One PDU in four is for all, the others are for
 * one mailbox each, in turn. Without mailboxes everything is for all.
 */
export type Mailboxes = readonly number[];

/** Above all other users' ids, so that each is five bytes long in a PDU. */
const FIRST_MAILBOX = 0xff00_0000;
const FOR_ALL_EVERY = 4;

/** A mailbox for each of so many receivers. */
export function mailboxesFor(receivers: number): Mailboxes {
  return Array.from({ length: receivers }, (_, place) => FIRST_MAILBOX + place);
}

/** The mailbox that a sender's PDU of a number is for; undefined when it is for all. */
export function mailboxOf(sequence: number, mailboxes: Mailboxes): number | undefined {
  if (sequence % FOR_ALL_EVERY === 0) return undefined;
  return mailboxes[sequence % mailboxes.length];
}

/** Which of a sender's PDUs, numbered from 1, are for one receiver, counted from 1 as well. */
export class Dues {
  static readonly all: Dues = new Dues([]);
  readonly #mailboxes: Mailboxes;
  readonly #own: number | undefined;
  readonly #period: number;
  /** How many of the first PDUs of a period are for the receiver. */
  readonly #ranks: readonly number[];

  /** Of the receiver at a place; of one that has no mailbox without it. */
  constructor(mailboxes: Mailboxes, place?: number) {
    this.#mailboxes = mailboxes;
    this.#own = place === undefined ? undefined : mailboxes[place];
    this.#period = FOR_ALL_EVERY * mailboxes.length;
    const ranks = [0];
    for (let sequence = 1; sequence <= this.#period; sequence++) {
      ranks.push((ranks.at(-1) ?? 0) + (this.includes(sequence) ? 1 : 0));
    }
    this.#ranks = ranks;
  }

  /** Whether some PDUs are for other receivers. */
  get isPart(): boolean {
    return this.#mailboxes.length > 0;
  }

  /** Whether a PDU is for the receiver. */
  includes(sequence: number): boolean {
    if (!this.isPart) return true;
    const mailbox = mailboxOf(sequence, this.#mailboxes);
    return mailbox === undefined || mailbox === this.#own;
  }

  /** Whether a PDU is for the receiver alone. */
  isForItAlone(sequence: number): boolean {
    return this.isPart && this.includes(sequence) && sequence % FOR_ALL_EVERY !== 0;
  }

  /** How many of the PDUs up to this one are for the receiver. */
  rank(sequence: number): number {
    if (this.#period === 0) return sequence;
    const periods = Math.floor(sequence / this.#period);
    const whole = this.#ranks[this.#period] ?? 0;
    return periods * whole + (this.#ranks[sequence % this.#period] ?? 0);
  }
}
