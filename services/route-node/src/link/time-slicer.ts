/** How much of a turn of the loop goes into intakes: relaying waits behind it. */
const TURN_MS = 4;

/** A little of some work, well under a millisecond's. @returns whether it was the last. */
export type Step = () => boolean;

/**
 * Large snapshots of one node take turns: in each turn of the loop one of them goes on for a few
 * milliseconds. A node that starts is told of ten msg_servers' users at once, and a part of each in every turn
 * would stop its loop ten times as long. The time that has passed decides and not the work done: code
 * that is not compiled yet, or a processor that others use as well, take ten times as long for the same work.
 */
export class TimeSlicer {
  readonly #waiting = new Set<Step>();
  readonly #now: () => number;
  #scheduled = false;
  readonly #turn = (): void => {
    this.#scheduled = false;
    const endMs = this.#now() + TURN_MS;
    for (const step of this.#waiting) {
      if (this.#goesOn(step, endMs)) {
        this.#waiting.delete(step);
        this.#waiting.add(step);
      }
      if (this.#now() >= endMs) break;
    }
    this.#schedule();
  };

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Has a step done again and again until it was the last, in turn with those that wait already. */
  add(step: Step): void {
    this.#waiting.add(step);
    this.#schedule();
  }

  /** A step is not to be done any more. */
  remove(step: Step): void {
    this.#waiting.delete(step);
  }

  /** Does a step until it was the last or the time is up. @returns whether it is to go on. */
  #goesOn(step: Step, endMs: number): boolean {
    do {
      if (step()) this.#waiting.delete(step);
    } while (this.#waiting.has(step) && this.#now() < endMs);
    return this.#waiting.has(step);
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }
}
