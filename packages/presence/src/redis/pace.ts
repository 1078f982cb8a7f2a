/** How many may be announced, so that no more than so many a second are; the part of one that is left counts on. */
export class Pace {
  readonly #perSecond: number;
  #allowed = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** So much time has passed; returns how many are allowed now. What was not used before is not made up for. */
  advance(ms: number): number {
    this.#allowed = (this.#allowed % 1) + (this.#perSecond * ms) / 1000;
    return Math.floor(this.#allowed);
  }
}
