import type { Cancel, Clock } from './clock.ts';

/** Options of an IdleTimer. */
export interface IdleTimerOptions {
  readonly clock: Clock;
  readonly idleMs: number;
  /** Called after so long without {@link IdleTimer.touch}, and again after as long a time. */
  readonly onIdle: () => void;
}

/** Detects inactivity. A touch starts no timer: it only stores the time. */
export class IdleTimer {
  readonly #options: IdleTimerOptions;
  #touchedMs: number;
  #cancel: Cancel;

  constructor(options: IdleTimerOptions) {
    this.#options = options;
    this.#touchedMs = options.clock.now();
    this.#cancel = this.#arm(options.idleMs);
  }

  /** Something has happened. */
  touch(): void {
    this.#touchedMs = this.#options.clock.now();
  }

  stop(): void {
    this.#cancel();
  }

  #arm(ms: number): Cancel {
    return this.#options.clock.after(ms, () => this.#fired());
  }

  #fired(): void {
    const { clock, idleMs, onIdle } = this.#options;
    const leftMs = this.#touchedMs + idleMs - clock.now();
    this.#cancel = this.#arm(leftMs > 0 ? leftMs : idleMs);
    if (leftMs <= 0) onIdle();
  }
}
