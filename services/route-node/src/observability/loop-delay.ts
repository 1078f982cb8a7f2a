import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

const RESOLUTION_MS = 20;

/** One look is as long as this; what came before is forgotten. */
const LOOK_MS = 10_000;

/** How late the event loop was, in ms, over the last look. */
export interface LoopDelay {
  readonly overMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Part of the time in which there was something to do, 0 to 1. */
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

  /** Of the last whole look; of the one under way before that. */
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

  /** The histogram holds nanoseconds between two looks that were to be RESOLUTION_MS apart. */
  #late(nanoseconds: number): number {
    if (this.#histogram.count === 0) return 0;
    return Math.max(0, Math.round((nanoseconds / 1e6 - RESOLUTION_MS) * 100) / 100);
  }
}
