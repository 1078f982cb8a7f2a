/**
 * Recipients of directed traffic: receiver n has the user `mailboxes[n]`. One PDU in four is a
 * broadcast, the others go to one mailbox each, in turn. Without mailboxes every PDU is a
 * broadcast.
 */
export type Mailboxes = readonly number[];

/** Above all other users' ids, so that each takes five bytes in a PDU. */
const FIRST_MAILBOX = 0xff00_0000;
const FOR_ALL_EVERY = 4;

/** Returns a mailbox for each of `count` receivers. */
export function mailboxesFor(receivers: number): Mailboxes {
  return Array.from({ length: receivers }, (_, place) => FIRST_MAILBOX + place);
}

/** Returns the mailbox of a sender's PDU; undefined for a broadcast. */
export function mailboxOf(sequence: number, mailboxes: Mailboxes): number | undefined {
  if (sequence % FOR_ALL_EVERY === 0) return undefined;
  return mailboxes[sequence % mailboxes.length];
}

/** Which of a sender's PDUs, numbered from 1, are for one receiver; ranks count from 1 as well. */
export class Dues {
  static readonly all: Dues = new Dues([]);
  readonly #mailboxes: Mailboxes;
  readonly #own: number | undefined;
  readonly #period: number;
  /** How many of the first PDUs of a period are for the receiver. */
  readonly #ranks: readonly number[];

  /** `place` is the receiver's mailbox; without it the receiver has none. */
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

  /** Returns how many of the PDUs up to this one are for the receiver. */
  rank(sequence: number): number {
    if (this.#period === 0) return sequence;
    const periods = Math.floor(sequence / this.#period);
    const whole = this.#ranks[this.#period] ?? 0;
    return periods * whole + (this.#ranks[sequence % this.#period] ?? 0);
  }
}
