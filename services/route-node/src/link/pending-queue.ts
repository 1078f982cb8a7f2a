/** Something of a link that waits for its turn, and maybe for an answer. */
export interface Pending {
  /** Whether its turn may be taken; what waits for an answer becomes ready with it. */
  readonly ready: boolean;
  /** Size in bytes of what it holds on to. */
  readonly bytes: number;
  /** Takes the turn. */
  complete(): void;
}

/**
 * Keeps the order of what one link has sent: whatever comes after something that waits for presence
 * waits behind it. (Protocol: PDUs are handled in order, each answer at its place.) While nothing
 * waits, nothing passes through here.
 */
export class PendingQueue {
  #turns: Pending[] = [];
  #head = 0;
  #bytes = 0;
  #settled: (() => void) | undefined;
  readonly #progressed: () => void;

  /** Calls back whenever turns were taken. */
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

  /** Puts a turn behind all others. */
  enqueue(turn: Pending): void {
    this.#turns.push(turn);
    this.#bytes += turn.bytes;
  }

  /** Calls back once nothing waits any more: at once, or later. */
  whenEmpty(settled: () => void): void {
    if (this.isEmpty) settled();
    else this.#settled = settled;
  }

  /** Takes all turns that are ready, up to the first that is not. */
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
    } else if (this.#head >= 1024) {
      this.#turns = this.#turns.slice(this.#head);
      this.#head = 0;
    }
    this.#progressed();
  }
}
