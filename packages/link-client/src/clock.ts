/** Cancels a timer; harmless when it has already fired. */
export type Cancel = () => void;

/** Time as a client sees it, so that a test can drive it. */
export interface Clock {
  /** Milliseconds that only ever go forward; differences are meaningful, the value is not. */
  now(): number;
  /** Runs once, `ms` from now. */
  after(ms: number, run: () => void): Cancel;
}

/** The real time. Its timers keep the process alive: a client that is not closed is at work. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
