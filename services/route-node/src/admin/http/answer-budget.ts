/** After an answer has used the event loop, the next one waits for this multiple of its time. */
const REST_FACTOR = 9;

/** Loop time of each request beside making its answer: reading it, writing to its socket. */
const REQUEST_MS = 0.1;

/** One answer delays the next by no more than this. */
const MAX_REST_MS = 1000;

/** Limit of unsent bytes of all answers; a larger answer is made while no other is unsent. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;

/**
 * Bounds the cost of a kind of request: a tenth of the event loop's time, and 16 MiB of memory
 * beside the largest answer. Requests beyond that wait in order.
 */
export class AnswerBudget {
  readonly #waiting: (() => void)[] = [];
  #nextAtMs = 0;
  #unsentBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Resolves when a request may be answered. */
  async turn(): Promise<void> {
    if (this.#waiting.length > 0 || !this.#isFree) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      this.#schedule();
      await promise;
    }
    this.#spend(REQUEST_MS);
  }

  /** Runs code that makes or writes an answer, and accounts for its loop time. */
  run<T>(work: () => T): T {
    const beganAtMs = performance.now();
    try {
      return work();
    } finally {
      this.#spend(performance.now() - beganAtMs);
    }
  }

  /** Accounts for unsent bytes. Returns a function to call when they are sent. */
  hold(bytes: number): () => void {
    this.#unsentBytes += bytes;
    return () => {
      this.#unsentBytes -= bytes;
      this.#schedule();
    };
  }

  get #hasRoom(): boolean {
    return this.#unsentBytes < MAX_UNSENT_BYTES;
  }

  get #isFree(): boolean {
    return this.#hasRoom && performance.now() >= this.#nextAtMs;
  }

  #spend(ms: number): void {
    const now = performance.now();
    const nextAtMs = Math.max(this.#nextAtMs, now) + ms * REST_FACTOR;
    this.#nextAtMs = Math.min(nextAtMs, now + MAX_REST_MS);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#waiting.length === 0 || !this.#hasRoom) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#isFree) this.#waiting.shift()?.();
        // The answer that begins now is accounted for before the next one.
        setImmediate(() => this.#schedule());
      },
      Math.max(0, Math.ceil(this.#nextAtMs - performance.now())),
    );
  }
}
