/** A PDU, or a batch, that waits for a large PDU. */
interface BlockedPdu {
  /** Bytes of memory that it keeps. */
  readonly bytes: number;
  handle(): void;
}

/**
 * The PDUs that a link has sent behind a large PDU. They are handled when the large PDU is done,
 * and the link is closed after them.
 */
export class BlockedPdus {
  readonly #progressed: () => void;
  #queue: BlockedPdu[] = [];
  /** The index of the first PDU that is not handled. */
  #head = 0;
  #bytes = 0;
  /** Whether a large PDU is being handled. */
  #isBlocked = false;
  #isHandling = false;
  #whenUnblocked: (() => void)[] = [];

  /** `progressed` is called when PDUs have been handled. */
  constructor(progressed: () => void) {
    this.#progressed = progressed;
  }

  /** Whether a PDU that arrives now must wait. */
  get isBlocked(): boolean {
    return this.#isBlocked || this.length > 0;
  }

  /** Waiting PDUs and batches. */
  get length(): number {
    return this.#queue.length - this.#head;
  }

  /** Bytes of memory that these keep. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins a large PDU. */
  block(): void {
    this.#isBlocked = true;
  }

  /** Appends a PDU or a batch. */
  enqueue(blocked: BlockedPdu): void {
    this.#queue.push(blocked);
    this.#bytes += blocked.bytes;
  }

  /** Calls back once no PDU waits and no large PDU is being handled: at once, or later. */
  whenUnblocked(done: () => void): void {
    if (this.isBlocked) this.#whenUnblocked.push(done);
    else done();
  }

  /** Ends the large PDU: handles the PDUs that wait, in order, up to the next large one. */
  unblock(): void {
    this.#isBlocked = false;
    // A snapshot among these PDUs that is imported at once calls this again.
    if (this.#isHandling) return;
    this.#isHandling = true;
    for (;;) {
      const next = this.#isBlocked ? undefined : this.#queue[this.#head];
      if (next === undefined) break;
      this.#head++;
      this.#bytes -= next.bytes;
      next.handle();
    }
    this.#isHandling = false;
    if (!this.isBlocked) this.#reset();
    this.#progressed();
  }

  #reset(): void {
    this.#queue = [];
    this.#head = 0;
    const callbacks = this.#whenUnblocked;
    this.#whenUnblocked = [];
    for (const done of callbacks) done();
  }
}
