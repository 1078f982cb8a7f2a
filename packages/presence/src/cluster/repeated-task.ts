import { errorText } from '@route/redis';

export interface RepeatedTaskOptions {
  readonly everyMs: number;
  /** Delay after a run that has failed. Default: `everyMs`. */
  readonly retryMs?: number;
  failed(reason: string): void;
}

/** Runs a task again and again while started. A failed run is reported and tried again. */
export class RepeatedTask {
  readonly #run: () => Promise<void>;
  readonly #options: RepeatedTaskOptions;
  #timer: NodeJS.Timeout | undefined;
  /** When the next run begins. Infinity while there is none, or one is in progress. */
  #dueAt = Number.POSITIVE_INFINITY;
  #started = false;

  constructor(run: () => Promise<void>, options: RepeatedTaskOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Starts, with the first run after `delayMs`, unless it is started. */
  start(delayMs = this.#options.everyMs): void {
    if (this.#started) return;
    this.#started = true;
    this.runWithin(delayMs);
  }

  /** Stops. A run in progress continues to its end. */
  stop(): void {
    this.#started = false;
    clearTimeout(this.#timer);
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  /** Begins the next run after `delayMs` at the latest. Does nothing while stopped. */
  runWithin(delayMs: number): void {
    const dueAt = performance.now() + delayMs;
    if (!this.#started || dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#runNow(), delayMs);
  }

  async #runNow(): Promise<void> {
    const { everyMs, retryMs = everyMs, failed } = this.#options;
    this.#dueAt = Number.POSITIVE_INFINITY;
    try {
      await this.#run();
      this.runWithin(everyMs);
    } catch (error) {
      failed(errorText(error));
      this.runWithin(retryMs);
    }
  }
}
