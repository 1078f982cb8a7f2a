/** Time per turn of the loop for imports: relaying waits for it. */
const TURN_MS = 4;

/** Small work that is done at once in a turn of the loop; what exceeds it takes turns too. */
const AT_ONCE_BYTES = 64 * 1024;

/** A small part of some work, well under a millisecond. @returns whether it was the last. */
export type Step = () => boolean;

/**
 * Lets the large snapshots of a node take turns: in each turn of the loop, one of them advances for
 * a few milliseconds. A node that starts gets the snapshots of ten msg_servers at once, and a step
 * of each per turn would block its loop ten times as long. Elapsed time decides, not the work done:
 * code that is not compiled yet, or a shared processor, takes ten times as long for the same work.
 */
export class TimeSlicer {
  readonly #waiting = new Set<Step>();
  readonly #now: () => number;
  #scheduled = false;
  #bytesAtOnce = 0;
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

  /** Whether work on `bytes` may be done at once. Many small lists count as one large list. */
  mayDoAtOnce(bytes: number): boolean {
    if (this.#bytesAtOnce + bytes > AT_ONCE_BYTES) return false;
    if (this.#bytesAtOnce === 0) {
      setImmediate(() => {
        this.#bytesAtOnce = 0;
      });
    }
    this.#bytesAtOnce += bytes;
    return true;
  }

  /** Repeats a step until it was the last, in turn with those that already wait. */
  add(step: Step): void {
    this.#waiting.add(step);
    this.#schedule();
  }

  /** Repeats a step until it was the last or the time is up. @returns whether it must continue. */
  #goesOn(step: Step, endMs: number): boolean {
    do {
      if (step()) {
        this.#waiting.delete(step);
        return false;
      }
    } while (this.#now() < endMs);
    return true;
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }
}
