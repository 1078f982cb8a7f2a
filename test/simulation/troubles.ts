/** A violated invariant: the check that found it, and a description. */
export class Violation extends Error {
  readonly check: string;

  constructor(check: string, text: string) {
    super(text);
    this.check = check;
  }
}

/** Periods with injected faults. */
export class Troubles {
  readonly #times: { readonly from: number; readonly until: number }[] = [];

  mark(from: number, until: number): void {
    this.#times.push({ from, until });
  }

  /** Whether no fault was active between two moments. */
  isCalm(from: number, until: number): boolean {
    return !this.#times.some((time) => time.from <= until && time.until >= from);
  }

  /** Time with active faults within a period, in ms. */
  within(from: number, until: number): number {
    let sum = 0;
    for (const time of this.#times) {
      sum += Math.max(0, Math.min(time.until, until) - Math.max(time.from, from));
    }
    return sum;
  }
}
