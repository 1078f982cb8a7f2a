/**
 * Large snapshots of one node take turns, one part a turn of the loop: a node that starts is told of ten
 * msg_servers' users at once, and a part of each in every turn would stop its loop ten times as long.
 */
export class IntakeTurns {
  readonly #waiting = new Set<() => void>();
  #scheduled = false;
  readonly #next = (): void => {
    this.#scheduled = false;
    const [step] = this.#waiting;
    if (step === undefined) return;
    this.#waiting.delete(step);
    step();
    this.#schedule();
  };

  /** Has a step done once, when those that already wait have been. */
  add(step: () => void): void {
    this.#waiting.add(step);
    this.#schedule();
  }

  /** A step is not to be done after all. */
  remove(step: () => void): void {
    this.#waiting.delete(step);
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(this.#next);
  }
}
