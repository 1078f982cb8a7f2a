/** Undoes what was scheduled; harmless when it has already run. */
export type Cancel = () => void;

/** Time as the bus sees it, so that a test can drive it. */
export interface Clock {
  /** Milliseconds that only ever go forward; differences are meaningful, the value is not. */
  now(): number;
  /** Runs once the event loop has gone through what is ready now. */
  soon(run: () => void): void;
  /** Runs once, `ms` from now. */
  after(ms: number, run: () => void): Cancel;
}

/** The real time. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  soon: (run) => {
    setImmediate(run);
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
