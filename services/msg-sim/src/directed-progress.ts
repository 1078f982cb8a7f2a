import type { Arrival } from './progress.ts';

/** A user whom a link holds, from when he comes until he goes. */
export class Stay {
  isOver = false;
  /** Senders of whom something for him has come: their nodes know that he is here. */
  readonly knownTo: Set<number> = new Set();
}

/** Something that must come while one of its users stays. */
interface Due {
  /** Stays that the sender's node knew of when it was sent. */
  readonly known: readonly Stay[];
  /** Stays of which it may have learned only then: what is for them may come after what was sent later. */
  readonly unknown: readonly Stay[];
}

/** What is for all is for whoever stays for ever. */
const FOR_EVER: Due = { known: [new Stay()], unknown: [] };

/** So many PDUs that have come are remembered, to tell when one comes again. */
const REMEMBERED = 10_000;

/**
 * What one receiver has got of one sender, by sequence numbers, where nodes direct what they relay: it must
 * get what is for all and what is for users it holds. What else comes is no mistake, unless it comes twice.
 */
export class DirectedProgress {
  readonly #sender: number;
  /** What has not come, by sequence number; a later one stands behind an earlier one. */
  readonly #due = new Map<number, Due>();
  readonly #arrived = new Set<number>();
  /** The last one of what had to come and has. */
  #last = 0;

  constructor(sender: number) {
    this.#sender = sender;
  }

  /** The sender has sent something to all, or to the users of these stays. */
  sent(sequence: number, to: readonly Stay[] | 'all'): void {
    if (to === 'all') {
      this.#due.set(sequence, FOR_EVER);
      return;
    }
    const isKnown = ({ knownTo }: Stay): boolean => knownTo.has(this.#sender);
    const due = { known: to.filter(isKnown), unknown: to.filter((stay) => !isKnown(stay)) };
    if (to.length > 0) this.#due.set(sequence, due);
  }

  /** A PDU has come. */
  arrived(sequence: number): Arrival {
    if (this.#arrived.has(sequence)) return 'doubled';
    this.#remember(sequence);
    const due = this.#due.get(sequence);
    this.#due.delete(sequence);
    if (due === undefined || !isStillDue(due)) return 'besides';
    const { known, unknown } = due;
    // With two stays nobody can tell which of them it was sent for.
    if (known.length === 0 && unknown.length === 1) unknown[0]?.knownTo.add(this.#sender);
    const isLate = sequence < this.#last;
    this.#last = Math.max(this.#last, sequence);
    if (!isLate) return 'in-order';
    return mayBeLate(due) ? 'caught-up' : 'late';
  }

  /** How many are missing before the last one that came, though they had to come before it. */
  get missingBetween(): number {
    return this.#open().filter(([sequence, due]) => this.#isMissed(sequence, due)).length;
  }

  /** How many others have not come. */
  missingAtEnd(): number {
    return this.#open().filter(([sequence, due]) => !this.#isMissed(sequence, due)).length;
  }

  #isMissed(sequence: number, due: Due): boolean {
    return sequence < this.#last && !mayBeLate(due);
  }

  /** Lets go of what was for users who have gone meanwhile: it may come or not. */
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
