import type { Cancel, Clock } from '../clock.ts';

interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time that stands still until a test moves it; tasks run by due time, then by order of scheduling.
 */
export class ManualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #tasks = new Set<Task>();

  now(): number {
    return this.#now;
  }

  soon(run: () => void): void {
    this.after(0, run);
  }

  after(ms: number, run: () => void): Cancel {
    const task = { at: this.#now + ms, order: this.#order++, run };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  /** Runs everything that falls due within `ms`, in order, and leaves the time there. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let task = this.#nextUntil(end); task !== undefined; task = this.#nextUntil(end)) {
      this.#tasks.delete(task);
      this.#now = Math.max(this.#now, task.at);
      task.run();
    }
    this.#now = end;
  }

  /** Moves the time without running anything: what a process sees that was stopped meanwhile. */
  skip(ms: number): void {
    this.#now += ms;
  }

  #nextUntil(end: number): Task | undefined {
    let next: Task | undefined;
    for (const task of this.#tasks) {
      if (task.at > end) continue;
      if (
        next === undefined ||
        task.at < next.at ||
        (task.at === next.at && task.order < next.order)
      )
        next = task;
    }
    return next;
  }
}
