/**
 * Links that read on in one turn of the loop, at most 128 KiB each: two or three milliseconds of
 * work.
 */
const LINKS_A_TURN = 4;

/**
 * Lets links that are inside a large PDU take turns reading. Snapshots of 100,000 users have 2 MB
 * each, all links send theirs at once when a node starts, and one turn of the loop would read
 * everything that the kernel has of each. (With twenty links that took 150 ms, mostly to allocate
 * memory.)
 */
export class ReadScheduler {
  readonly #waiting = new Set<() => void>();
  #scheduled = false;
  readonly #turn = (): void => {
    this.#scheduled = false;
    let left = LINKS_A_TURN;
    for (const readOn of this.#waiting) {
      this.#waiting.delete(readOn);
      readOn();
      left--;
      if (left === 0) break;
    }
    this.#schedule();
  };

  /** Schedules a link to read on after those that already wait. */
  schedule(readOn: () => void): void {
    this.#waiting.add(readOn);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }
}
