/** An entry of a link's queue, which may wait for an answer. */
export interface Pending {
  /** Whether the entry can be completed; one that waits for an answer becomes ready with it. */
  readonly ready: boolean;
  /** Bytes of memory that the entry keeps. */
  readonly bytes: number;
  /** Completes the entry when it reaches the head of the queue. */
  complete(): void;
}

/**
 * Keeps the order of one link's PDUs: whatever arrives behind a PDU that waits for presence waits
 * behind it. (Protocol: PDUs are handled in order, and each answer keeps its place.) While nothing
 * is pending, PDUs bypass the queue.
 */
export class PendingQueue {
  #turns: Pending[] = [];
  #head = 0;
  #bytes = 0;
  #settled: (() => void) | undefined;
  readonly #progressed: () => void;

  /** `progressed` is called after each {@link advance}. */
  constructor(progressed: () => void) {
    this.#progressed = progressed;
  }

  get isEmpty(): boolean {
    return this.#head === this.#turns.length;
  }

  get length(): number {
    return this.#turns.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends an entry. */
  enqueue(turn: Pending): void {
    this.#turns.push(turn);
    this.#bytes += turn.bytes;
  }

  /** Calls back once the queue is empty: at once, or later. */
  whenEmpty(settled: () => void): void {
    if (this.isEmpty) settled();
    else this.#settled = settled;
  }

  /** Completes the entries that are ready, up to the first that is not. */
  advance(): void {
    for (let turn = this.#turns[this.#head]; turn?.ready === true; turn = this.#turns[this.#head]) {
      this.#head++;
      this.#bytes -= turn.bytes;
      turn.complete();
    }
    if (this.isEmpty) {
      this.#turns = [];
      this.#head = 0;
      this.#settled?.();
      this.#settled = undefined;
    } else if (this.#head >= this.length) {
      // The rest moves up when it is the shorter part, so that each entry moves at most once.
      this.#turns = this.#turns.slice(this.#head);
      this.#head = 0;
    }
    this.#progressed();
  }
}
