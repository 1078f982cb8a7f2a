interface Gap {
  first: number;
  last: number;
}

/**
 * What came of one PDU. `late`: it came after a later one; `caught-up`: so it did, and may, as its user had just
 * come. `besides`: it need not have come.
 */
export type Arrival = 'in-order' | 'late' | 'doubled' | 'caught-up' | 'besides';

/**
 * What one receiver has got of one sender, by sequence numbers. What the sender sent before the
 * receiver was there may come or not, but once something has come, everything after it must.
 */
export class Progress {
  /** The first sequence number that must come. */
  readonly #required: number;
  /** What comes next; 0 before the first has come. */
  #next = 0;
  #gaps: Gap[] = [];

  constructor(required: number) {
    this.#required = required;
  }

  /** A PDU has come. */
  arrived(sequence: number): Arrival {
    if (sequence === this.#next) {
      this.#next++;
      return 'in-order';
    }
    const awaited = this.#awaited;
    if (this.#next === 0 || sequence > this.#next) {
      if (sequence > awaited) this.#gaps.push({ first: awaited, last: sequence - 1 });
      this.#next = sequence + 1;
      return 'in-order';
    }
    return this.#fill(sequence) ? 'late' : 'doubled';
  }

  /** How many are missing before the last one that came. */
  get missingBetween(): number {
    return this.#gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  /** How many are missing at the end, where the sender has sent so many. */
  missingAtEnd(sent: number): number {
    return Math.max(0, sent + 1 - this.#awaited);
  }

  get #awaited(): number {
    return this.#next === 0 ? this.#required : this.#next;
  }

  #fill(sequence: number): boolean {
    const gap = this.#gaps.find(({ first, last }) => first <= sequence && sequence <= last);
    if (gap === undefined) return false;
    this.#gaps = [
      ...this.#gaps.filter((other) => other !== gap),
      { first: gap.first, last: sequence - 1 },
      { first: sequence + 1, last: gap.last },
    ].filter(({ first, last }) => first <= last);
    return true;
  }
}
