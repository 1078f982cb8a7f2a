/** Something that arrived on a link behind a large PDU, and the bytes that it keeps. */
interface Behind {
  readonly bytes: number;
  handle(): void;
}

/**
 * What a link has sent behind a large PDU, which is handled in steps. It waits until the large PDU
 * is done, and so does the close of the link.
 */
export class PdusBehind {
  readonly #progressed: () => void;
  #waiting: Behind[] = [];
  #handled = 0;
  #bytes = 0;
  #isStopped = false;
  #isHandling = false;
  #whenDone: (() => void)[] = [];

  /** `progressed` is called when some have been handled. */
  constructor(progressed: () => void) {
    this.#progressed = progressed;
  }

  /** Whether what arrives now must wait. */
  get isWaiting(): boolean {
    return this.#isStopped || this.length > 0;
  }

  /** Waiting PDUs and batches. */
  get length(): number {
    return this.#waiting.length - this.#handled;
  }

  /** Bytes of memory that these keep. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A large PDU begins. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Queues something. */
  wait(behind: Behind): void {
    this.#waiting.push(behind);
    this.#bytes += behind.bytes;
  }

  /** Calls back once nothing waits and no large PDU is being handled. */
  whenDone(done: () => void): void {
    if (this.isWaiting) this.#whenDone.push(done);
    else done();
  }

  /** The large PDU is done: handles what waits, in order, up to the next large PDU. */
  goOn(): void {
    this.#isStopped = false;
    // Handling a small one ends here too.
    if (this.#isHandling) return;
    this.#isHandling = true;
    for (;;) {
      const next = this.#isStopped ? undefined : this.#waiting[this.#handled];
      if (next === undefined) break;
      this.#handled++;
      this.#bytes -= next.bytes;
      next.handle();
    }
    this.#isHandling = false;
    if (!this.isWaiting) this.#end();
    this.#progressed();
  }

  #end(): void {
    this.#waiting = [];
    this.#handled = 0;
    const done = this.#whenDone;
    this.#whenDone = [];
    for (const each of done) each();
  }
}
