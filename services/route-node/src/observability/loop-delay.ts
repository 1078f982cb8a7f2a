import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

const RESOLUTION_MS = 20;

/** Length of one measuring interval; earlier values are discarded. */
const LOOK_MS = 10_000;

/** How late the event loop was, in ms, over the last look. */
export interface LoopDelay {
  readonly overMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Share of time in which the loop was busy, 0 to 1. */
  readonly utilization: number;
}

/** Watches how late the event loop is. */
export class LoopWatch {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #begun = performance.eventLoopUtilization();
  #begunMs = performance.now();
  #last: LoopDelay | undefined;

  constructor() {
    this.#histogram.enable();
    setInterval(() => this.#turn(), LOOK_MS).unref();
  }

  /** Of the last complete interval; of the current one before that. */
  get now(): LoopDelay {
    return this.#last ?? this.#read();
  }

  #turn(): void {
    this.#last = this.#read();
    this.#histogram.reset();
    this.#begun = performance.eventLoopUtilization();
    this.#begunMs = performance.now();
  }

  #read(): LoopDelay {
    return {
      overMs: Math.round(performance.now() - this.#begunMs),
      p50Ms: this.#late(this.#histogram.percentile(50)),
      p99Ms: this.#late(this.#histogram.percentile(99)),
      maxMs: this.#late(this.#histogram.max),
      utilization: performance.eventLoopUtilization(this.#begun).utilization,
    };
  }

  /** The histogram has the nanoseconds between two samples that were due RESOLUTION_MS apart. */
  #late(nanoseconds: number): number {
    if (this.#histogram.count === 0) return 0;
    return Math.max(0, Math.round((nanoseconds / 1e6 - RESOLUTION_MS) * 100) / 100);
  }
}
