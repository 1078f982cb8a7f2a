import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Counts since the start. */
export interface Counts {
  /** PDUs sent for relay. */
  sent: number;
  /** Numbered PDUs received. */
  received: number;
  /** Status updates reported. */
  reports: number;
  /** Notifications received about users of other links. */
  notifications: number;
  kicks: number;
  queries: number;
  /** PDUs that could not be decoded. */
  unreadable: number;
  /** PDUs that were due but not sent: the msg_server had no link, or was paused. */
  suppressed: number;
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

const COUNTS: Counts = {
  sent: 0,
  received: 0,
  reports: 0,
  notifications: 0,
  kicks: 0,
  queries: 0,
  unreadable: 0,
  suppressed: 0,
};

const COUNT_NAMES = Object.keys(COUNTS).filter((name): name is keyof Counts => name in COUNTS);

/** A latency over all time, and over the last second. */
class Timing {
  readonly #all: RecordableHistogram = createHistogram();
  readonly #recent: RecordableHistogram = createHistogram();
  #last: Latency | undefined;

  record(ms: number): void {
    const us = Math.max(1, Math.round(ms * 1000));
    this.#all.record(us);
    this.#recent.record(us);
  }

  get all(): Latency | undefined {
    return latencyOf(this.#all);
  }

  /** Values of the last full interval; kept from earlier where it had none. */
  get recent(): Latency | undefined {
    return this.#last;
  }

  nextInterval(): void {
    this.#last = latencyOf(this.#recent) ?? this.#last;
    this.#recent.reset();
  }
}

/** All counts and timings. */
export class Figures {
  readonly counts: Counts = { ...COUNTS };
  /** From the sender's `send` to the receiver's event. */
  readonly relay: Timing = new Timing();
  /** From a query to its answer. */
  readonly query: Timing = new Timing();
  #before: Counts = { ...COUNTS };
  #beforeMs = performance.now();
  #rates: Counts = { ...COUNTS };

  /** Returns each count's growth per second over the last interval. */
  get rates(): Readonly<Counts> {
    return this.#rates;
  }

  /** Ends an interval and starts the next one. */
  nextInterval(): void {
    const nowMs = performance.now();
    const seconds = (nowMs - this.#beforeMs) / 1000;
    const { counts } = this;
    const before = this.#before;
    this.#rates = { ...COUNTS };
    for (const name of COUNT_NAMES) this.#rates[name] = (counts[name] - before[name]) / seconds;
    this.#before = { ...counts };
    this.#beforeMs = nowMs;
    this.relay.nextInterval();
    this.query.nextInterval();
  }
}

function latencyOf(histogram: RecordableHistogram): Latency | undefined {
  if (histogram.count === 0) return undefined;
  return {
    p50: histogram.percentile(50) / 1000,
    p99: histogram.percentile(99) / 1000,
    most: histogram.max / 1000,
  };
}
