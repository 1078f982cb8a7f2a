/** So many links read on in one turn of the loop, 128 KiB each at the most: two or three milliseconds' work. */
const LINKS_A_TURN = 4;

/**
 * Links that are in the midst of a large PDU take turns in reading it on: lists of 100,000 users take 2 MB each,
 * all links send theirs at once when a node starts, and one turn of the loop reads all that the kernel has
 * of each. (Of twenty it took 150 ms, most of it for memory that is new.)
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

  /** Has a link read on once those that already wait have. */
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
