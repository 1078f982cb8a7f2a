/** Limits announcements to a number per second. A fraction carries over to the next call. */
export class Pace {
  readonly #perSecond: number;
  #allowed = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Advances by `ms` and returns how many are allowed now. Unused allowance is dropped. */
  advance(ms: number): number {
    this.#allowed = (this.#allowed % 1) + (this.#perSecond * ms) / 1000;
    return Math.floor(this.#allowed);
  }
}
