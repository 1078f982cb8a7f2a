import type { Cancel, Clock } from '../clock.ts';

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #due = new Map<() => void, number>();

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): Cancel {
    const once = (): void => run();
    this.#due.set(once, this.#nowMs + ms);
    return () => this.#due.delete(once);
  }

  /** Advances the time and runs due timers in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#due].filter(([, at]) => at <= endMs).sort(([, a], [, b]) => a - b);
      if (next === undefined) break;
      const [run, at] = next;
      this.#due.delete(run);
      this.#nowMs = Math.max(this.#nowMs, at);
      run();
    }
    this.#nowMs = endMs;
  }
}
