import { type Pending, PendingQueue } from './pending-queue.ts';

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
  readonly #queue = new PendingQueue(() => {});
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
    return this.#isBlocked || !this.#queue.isEmpty;
  }

  /** Waiting PDUs and batches. */
  get length(): number {
    return this.#queue.length;
  }

  /** Bytes of memory that these keep. */
  get bytes(): number {
    return this.#queue.bytes;
  }

  /** Begins a large PDU. */
  block(): void {
    this.#isBlocked = true;
  }

  /** Appends a PDU or a batch. */
  enqueue({ bytes, handle }: BlockedPdu): void {
    const isReady = (): boolean => !this.#isBlocked;
    const pending: Pending = {
      bytes,
      complete: handle,
      get ready() {
        return isReady();
      },
    };
    this.#queue.enqueue(pending);
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
    this.#queue.advance();
    this.#isHandling = false;
    if (!this.isBlocked) for (const done of this.#whenUnblocked.splice(0)) done();
    this.#progressed();
  }
}
