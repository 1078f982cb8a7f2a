import type { Arrival } from './progress.ts';

/** A user's time online on a link. */
export class Stay {
  isOver = false;
  /** Senders with at least one PDU delivered to this user: their nodes know the user's link. */
  readonly knownTo: Set<number> = new Set();
}

/** A PDU that is due while one of its users stays online. */
interface Due {
  /** Stays known to the sender's node at sending. */
  readonly known: readonly Stay[];
  /** Stays that the sender's node may not have known. PDUs for them may arrive after later ones. */
  readonly unknown: readonly Stay[];
}

/** The stay of broadcasts, which never ends. */
const FOR_EVER: Due = { known: [new Stay()], unknown: [] };

/** Number of delivered PDUs that are remembered to detect repeats. */
const REMEMBERED = 10_000;

/**
 * Tracks what one receiver has received from one sender under directed delivery, by sequence
 * number. Broadcasts and PDUs for users online at the receiver are due; other PDUs are allowed
 * once.
 */
export class DirectedProgress {
  readonly #sender: number;
  /** PDUs that have not arrived, in sequence order. */
  readonly #due = new Map<number, Due>();
  readonly #arrived = new Set<number>();
  /** Sequence number of the last due PDU that has arrived. */
  #last = 0;

  constructor(sender: number) {
    this.#sender = sender;
  }

  /** Records a broadcast, or a PDU to the users of these stays. */
  sent(sequence: number, to: readonly Stay[] | 'all'): void {
    if (to === 'all') {
      this.#due.set(sequence, FOR_EVER);
      return;
    }
    const isKnown = ({ knownTo }: Stay): boolean => knownTo.has(this.#sender);
    const due = { known: to.filter(isKnown), unknown: to.filter((stay) => !isKnown(stay)) };
    if (to.length > 0) this.#due.set(sequence, due);
  }

  /** Records a received PDU. */
  arrived(sequence: number): Arrival {
    if (this.#arrived.has(sequence)) return 'doubled';
    this.#remember(sequence);
    const due = this.#due.get(sequence);
    this.#due.delete(sequence);
    if (due === undefined || !isStillDue(due)) return 'besides';
    const { known, unknown } = due;
    // With two stays it is unknown which of them it was sent for.
    if (known.length === 0 && unknown.length === 1) unknown[0]?.knownTo.add(this.#sender);
    const isLate = sequence < this.#last;
    this.#last = Math.max(this.#last, sequence);
    if (!isLate) return 'in-order';
    return mayBeLate(due) ? 'caught-up' : 'late';
  }

  /** Returns the number of due PDUs that are missing before the last received one. */
  get missingBetween(): number {
    return this.#open().filter(([sequence, due]) => this.#isMissed(sequence, due)).length;
  }

  /** Returns the number of other PDUs that have not arrived. */
  missingAtEnd(): number {
    return this.#open().filter(([sequence, due]) => !this.#isMissed(sequence, due)).length;
  }

  #isMissed(sequence: number, due: Due): boolean {
    return sequence < this.#last && !mayBeLate(due);
  }

  /** Drops expectations for users who have left: those PDUs may arrive or not. */
  #open(): [number, Due][] {
    for (const [sequence, due] of this.#due) if (!isStillDue(due)) this.#due.delete(sequence);
    return [...this.#due];
  }

  #remember(sequence: number): void {
    this.#arrived.add(sequence);
    if (this.#arrived.size <= REMEMBERED) return;
    for (const oldest of this.#arrived) {
      this.#arrived.delete(oldest);
      return;
    }
  }
}

function lasts({ isOver }: Stay): boolean {
  return !isOver;
}

function isStillDue({ known, unknown }: Due): boolean {
  return known.some(lasts) || unknown.some(lasts);
}

function mayBeLate({ known }: Due): boolean {
  return !known.some(lasts);
}
