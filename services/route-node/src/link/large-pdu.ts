import type { TimeSlicer } from './time-slicer.ts';

/**
 * A large PDU that is handled in steps. Handled at once, a million users, or ten large PDUs, would
 * block the node's other links for a quarter of a second. PDUs behind it wait in
 * {@link BlockedPdus}, because the PDUs of a link are handled in order.
 */
export abstract class LargePdu {
  readonly #timeSlicer: TimeSlicer;
  readonly #done: () => void;
  readonly #step = (): boolean => this.#takeStep();
  #isDone = false;

  /** `done` is called once, after the last step. */
  constructor(timeSlicer: TimeSlicer, done: () => void) {
    this.#timeSlicer = timeSlicer;
    this.#done = done;
  }

  /** Does a small part. @returns whether it was the last. */
  protected abstract step(): boolean;

  /** Handles the PDU in steps, from the next turn of the loop on. */
  begin(): void {
    this.#timeSlicer.add(this.#step);
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
