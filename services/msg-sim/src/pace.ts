const TICK_MS = 10;

/** Calls a function at an even rate that does not wait for results (open loop). */
export class Pace implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #lastMs = performance.now();
  #due = 0;

  constructor(perSecond: number, act: () => void) {
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.#due += ((nowMs - this.#lastMs) * perSecond) / 1000;
      this.#lastMs = nowMs;
      for (; this.#due >= 1; this.#due--) act();
    }, TICK_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
