interface Gap {
  first: number;
  last: number;
}

/** What one receiver has got of one sender. */
interface Progress {
  /** The first sequence number that the receiver must get. */
  readonly required: number;
  /** What comes next; 0 before the first has come. */
  next: number;
  gaps: Gap[];
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
  /** PDUs of senders of which nothing should come: above all the receiver's own. */
  unexpected = 0;
  readonly #progress: (Progress | undefined)[] = [];

  /** From this sender everything must come that it numbers `required` or higher. */
  expect(sender: number, required: number): void {
    this.#progress[sender] = { required, next: 0, gaps: [] };
  }

  /** A PDU has come. */
  arrived(sender: number, sequence: number): void {
    const progress = this.#progress[sender];
    if (progress === undefined) {
      // Before anything is expected the receiver takes no part yet.
      if (this.#progress.length > 0) this.unexpected++;
    } else if (sequence === progress.next) {
      progress.next++;
      this.delivered++;
    } else {
      this.#outOfOrder(progress, sequence);
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
    return Math.max(0, written + 1 - next);
  }

  #outOfOrder(progress: Progress, sequence: number): void {
    const { next, gaps } = progress;
    const awaited = next === 0 ? progress.required : next;
    if (next === 0 || sequence > next) {
      if (sequence > awaited) gaps.push({ first: awaited, last: sequence - 1 });
      progress.next = sequence + 1;
      this.delivered++;
      return;
    }
    const gap = gaps.find(({ first, last }) => first <= sequence && sequence <= last);
    if (gap === undefined) {
      this.doubled++;
      return;
    }
    this.reordered++;
    progress.gaps = [
      ...gaps.filter((other) => other !== gap),
      { first: gap.first, last: sequence - 1 },
      { first: sequence + 1, last: gap.last },
    ].filter(({ first, last }) => first <= last);
  }
}
