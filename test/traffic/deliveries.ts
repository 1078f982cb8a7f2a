import { Dues } from './expected-deliveries.ts';

interface Gap {
  first: number;
  last: number;
}

/** Tracks what one receiver has received from one sender, by rank among the PDUs for it. */
interface Progress {
  /** The first rank that is due. */
  readonly required: number;
  /** The next expected rank; 0 before the first PDU. */
  next: number;
  gaps: Gap[];
  /**
   * PDUs up to this rank count as late instead of reordered; undefined while the limit is not
   * known.
   */
  lateUpTo: number | undefined;
  readonly written: () => number;
}

/** What a receiver may expect of a sender. */
export interface Expected {
  /** PDUs from this number on are due. */
  readonly required: number;
  /**
   * Number of PDUs written by the sender, given where the cluster only now learns of the receiver's
   * mailbox. Until the first PDU for it has arrived, these may arrive after broadcasts.
   */
  written?(): number;
  /** PDUs up to this number may be late in any case. */
  readonly lateUpTo?: number;
}

/**
 * Tracks what one receiver has received from every sender, by sequence number: missing, repeated
 * and late PDUs. PDUs written before the receiver joined are optional. Once one has arrived, all
 * later ones are due.
 */
export class Deliveries {
  /** PDUs that arrived in order. */
  delivered = 0;
  /** PDUs received before. */
  doubled = 0;
  /** PDUs that arrived after a later one. */
  reordered = 0;
  /** PDUs that arrived after a later one while not all nodes knew the receiver. */
  late = 0;
  /** PDUs for other receivers, or for this one before it joined. */
  besides = 0;
  /** PDUs of senders from which none is due, such as the receiver itself. */
  unexpected = 0;
  readonly #dues: Dues;
  readonly #progress: (Progress | undefined)[] = [];

  constructor(dues: Dues = Dues.all) {
    this.#dues = dues;
  }

  /** Expects a sender's PDUs from now on. */
  expect(sender: number, { required, written, lateUpTo = 0 }: Expected): void {
    this.#progress[sender] = {
      required: this.#dues.rank(required - 1) + 1,
      next: 0,
      gaps: [],
      lateUpTo: written === undefined ? this.#dues.rank(lateUpTo) : undefined,
      written: written ?? (() => 0),
    };
  }

  /** Records a received PDU. */
  arrived(sender: number, sequence: number): void {
    const progress = this.#progress[sender];
    if (progress === undefined) {
      // Before the first expectation the receiver does not take part.
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
    // Directed PDUs may follow a link from before it joined; broadcasts of that time do not.
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

  /** Returns the number of PDUs missing before or between received ones. */
  missingBetween(sender: number): number {
    const gaps = this.#progress[sender]?.gaps ?? [];
    return gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  /** Returns the number missing at the end, after the sender has written `written`. */
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
