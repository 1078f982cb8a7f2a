import type { TimeSlicer } from './time-slicer.ts';

/**
 * A large PDU that is handled in steps, so that a million users, or ten PDUs at once, do not block
 * the node's other links for a quarter of a second. PDUs behind it wait, because the PDUs of a link
 * are handled in order.
 */
export abstract class LargePdu {
  readonly #turns: TimeSlicer;
  readonly #done: () => void;
  readonly #step = (): boolean => this.#takeStep();
  #isDone = false;

  /** `done` is called at the end. */
  constructor(turns: TimeSlicer, done: () => void) {
    this.#turns = turns;
    this.#done = done;
  }

  /** Does a small part. @returns whether it was the last. */
  protected abstract step(): boolean;

  /** Handles the PDU in steps, from the next turn of the loop on. */
  begin(): void {
    this.#turns.add(this.#step);
  }

  /** Handles all of the PDU now. */
  takeAll(): void {
    while (!this.#takeStep());
  }

  /** @returns whether it was the last step. A step may close the link, but not end the PDU. */
  #takeStep(): boolean {
    if (!this.#isDone && this.step()) {
      this.#isDone = true;
      this.#done();
    }
    return this.#isDone;
  }
}
