interface Gap {
  first: number;
  last: number;
}

/**
 * Result for one received PDU. `late`: arrived after a later one. `caught-up`: late, but allowed
 * because its user had just come online. `besides`: allowed, not due.
 */
export type Arrival = 'in-order' | 'late' | 'doubled' | 'caught-up' | 'besides';

/**
 * Tracks what one receiver has received from one sender, by sequence number. PDUs sent before the
 * receiver joined are optional. Once one has arrived, all later ones are due.
 */
export class Progress {
  /** The first sequence number that is due. */
  readonly #required: number;
  /** The next expected number; 0 before the first PDU. */
  #next = 0;
  #gaps: Gap[] = [];

  constructor(required: number) {
    this.#required = required;
  }

  /** Records a received PDU. */
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

  /** Returns the number of PDUs missing before the last received one. */
  get missingBetween(): number {
    return this.#gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  /** Returns the number of PDUs missing at the end, after the sender has sent `sent`. */
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
