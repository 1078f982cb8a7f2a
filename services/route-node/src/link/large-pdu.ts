import type { TimeSlicer } from './time-slicer.ts';

/** Something that arrived on the link behind a large PDU, and the bytes that it keeps. */
interface Behind {
  readonly bytes: number;
  handle(): void;
}

/**
 * A large PDU that is handled in steps, so that a million users, or ten PDUs at once, do not block
 * the node's other links for a quarter of a second. PDUs behind it wait, because the PDUs of a link
 * are handled in order.
 */
export abstract class LargePdu {
  readonly #turns: TimeSlicer;
  readonly #done: () => void;
  readonly #step = (): boolean => this.#takeStep();
  readonly #behind: Behind[] = [];
  #bytes = 0;
  #isDone = false;

  /** `done` is called at the end; it must call {@link LargePdu.handleBehind}. */
  constructor(turns: TimeSlicer, done: () => void) {
    this.#turns = turns;
    this.#done = done;
  }

  /** Does a small part. @returns whether it was the last. */
  protected abstract step(): boolean;

  /** The link closes: what has to be done although nothing waits. */
  protected abstract conclude(): void;

  /** Waiting PDUs and batches. */
  get length(): number {
    return this.#behind.length;
  }

  /** Bytes of memory that these keep. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Handles the PDU in steps, from the next turn of the loop on. */
  begin(): void {
    this.#turns.add(this.#step);
  }

  /** Handles all of the PDU now. */
  takeAll(): void {
    while (!this.#takeStep());
  }

  /** Queues something behind the PDU. */
  wait(behind: Behind): void {
    this.#behind.push(behind);
    this.#bytes += behind.bytes;
  }

  /** Handles everything that waits, in order. */
  handleBehind(): void {
    for (const { handle } of this.#behind) handle();
  }

  /** Called when the link closes: handles the rest at once, and then the waiting PDUs. */
  finish(): void {
    this.#turns.remove(this.#step);
    this.conclude();
    if (this.#behind.length > 0) this.takeAll();
    else this.#end();
  }

  /** @returns whether it was the last step. */
  #takeStep(): boolean {
    if (!this.#isDone && this.step()) this.#end();
    return this.#isDone;
  }

  /** A step may close the link, which finishes the PDU: `done` is called only once. */
  #end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#done();
  }
}
