import { Dues } from './dues.ts';

interface Gap {
  first: number;
  last: number;
}

/** What one receiver has got of one sender, by ranks among what is for it. */
interface Progress {
  /** The first that the receiver must get. */
  readonly required: number;
  /** What comes next; 0 before the first has come. */
  next: number;
  gaps: Gap[];
  /** What comes after a later one up to here is late, not out of order; undefined while that is not known. */
  lateUpTo: number | undefined;
  readonly written: () => number;
}

/** What a receiver may expect of a sender. */
export interface Expected {
  /** Everything must come that the sender numbers so or higher. */
  readonly required: number;
  /**
   * How many PDUs the sender has written by now. Given where the cluster learns only now that the receiver
   * holds its mailbox: until the first PDU for that has come, those may come after what is for all.
   */
  written?(): number;
  /** Those up to this one may come so in any case. */
  readonly lateUpTo?: number;
}

/**
 * What one receiver has got of every sender, by sequence numbers: whether anything is missing, came
 * twice or came late. What a sender wrote before the receiver was there may come or not, but once
 * something has come, everything after it must.
 */
export class Deliveries {
  /** PDUs that came in order. */
  delivered = 0;
  /** PDUs that had been here before. */
  doubled = 0;
  /** PDUs that came after a later one. */
  reordered = 0;
  /** PDUs that came after a later one while it was not known everywhere that they were for this receiver. */
  late = 0;
  /** PDUs that were for other receivers, or for this one before it was there. */
  besides = 0;
  /** PDUs of senders of which nothing should come: above all the receiver's own. */
  unexpected = 0;
  readonly #dues: Dues;
  readonly #progress: (Progress | undefined)[] = [];

  constructor(dues: Dues = Dues.all) {
    this.#dues = dues;
  }

  /** From now on a sender's PDUs are expected. */
  expect(sender: number, { required, written, lateUpTo = 0 }: Expected): void {
    this.#progress[sender] = {
      ...{ required: this.#dues.rank(required - 1) + 1, next: 0, gaps: [] },
      lateUpTo: written === undefined ? this.#dues.rank(lateUpTo) : undefined,
      written: written ?? (() => 0),
    };
  }

  /** A PDU has come. */
  arrived(sender: number, sequence: number): void {
    const progress = this.#progress[sender];
    if (progress === undefined) {
      // Before anything is expected the receiver takes no part yet.
      if (this.#progress.length > 0) this.unexpected++;
      return;
    }
    if (!this.#dues.includes(sequence)) {
      this.besides++;
      return;
    }
    if (progress.lateUpTo === undefined && this.#dues.isForItAlone(sequence)) {
      progress.lateUpTo = this.#dues.rank(progress.written());
    }
    const rank = this.#dues.rank(sequence);
    // What is directed may follow a link from before it was here, and what was for all then does not.
    if (rank < progress.required && this.#dues.isPart) {
      this.besides++;
      return;
    }
    if (rank === progress.next) {
      progress.next++;
      this.delivered++;
    } else {
      this.#outOfOrder(progress, rank);
    }
  }

  /** How many PDUs are missing between such as came, or before the first that came. */
  missingBetween(sender: number): number {
    const gaps = this.#progress[sender]?.gaps ?? [];
    return gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  /** How many are missing at the end, where the sender has written so many. */
  missingAtEnd(sender: number, written: number): number {
    const progress = this.#progress[sender];
    if (progress === undefined) return 0;
    const next = progress.next === 0 ? progress.required : progress.next;
    return Math.max(0, this.#dues.rank(written) + 1 - next);
  }

  #outOfOrder(progress: Progress, rank: number): void {
    const { next, gaps } = progress;
    const awaited = next === 0 ? progress.required : next;
    if (next === 0 || rank > next) {
      if (rank > awaited) gaps.push({ first: awaited, last: rank - 1 });
      progress.next = rank + 1;
      this.delivered++;
      return;
    }
    const gap = gaps.find(({ first, last }) => first <= rank && rank <= last);
    if (gap === undefined) {
      this.doubled++;
      return;
    }
    if (rank <= (progress.lateUpTo ?? Number.POSITIVE_INFINITY)) this.late++;
    else this.reordered++;
    progress.gaps = [
      ...gaps.filter((other) => other !== gap),
      { first: gap.first, last: rank - 1 },
      { first: rank + 1, last: gap.last },
    ].filter(({ first, last }) => first <= last);
  }
}
