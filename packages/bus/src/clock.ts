/** Cancels a scheduled call. Harmless after it has run. */
export type Cancel = () => void;

/** The clock of the bus, replaceable in tests. */
export interface Clock {
  /** Monotonic milliseconds. Only differences are meaningful. */
  now(): number;
  /** Runs once the event loop has gone through what is ready now. */
  soon(run: () => void): void;
  /** Runs once, `ms` from now. */
  after(ms: number, run: () => void): Cancel;
}

/** The real clock. Its timers do not keep a process alive. */
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
