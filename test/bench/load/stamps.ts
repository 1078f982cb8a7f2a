import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { HEADER_BYTES } from '@route/protocol';
import type { Dialect } from './dialect.ts';
import type { Latency } from './load-messages.ts';

/** Microseconds of a clock shared by all processes of this machine. */
export function sharedNowUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
}

/** Writes the due time into a PDU. */
export function writeStamp(bytes: Buffer, pduAt: number, us: number): void {
  bytes.writeDoubleBE(us, pduAt + HEADER_BYTES);
}

/** Value of an unstamped PDU: the fill bytes of a load's PDUs, or of a probe. */
const NO_STAMP = Buffer.alloc(8, 'x').readDoubleBE();

/** Delivery times of stamped PDUs. */
export class Latencies {
  #histogram: RecordableHistogram = createHistogram();

  reset(): void {
    this.#histogram = createHistogram();
  }

  record(us: number): void {
    this.#histogram.record(Math.max(1, Math.round(us * 1000)));
  }

  /** In microseconds. */
  get summary(): Latency {
    const { count, max } = this.#histogram;
    const percentile = (part: number): number => this.#histogram.percentile(part) / 1000;
    const [p50Us, p99Us, p999Us] = [percentile(50), percentile(99), percentile(99.9)];
    return { count, p50Us, p99Us, p999Us, maxUs: count === 0 ? 0 : max / 1000 };
  }
}

/** Reads the stamps from the stream of one link. */
export class StampReader {
  readonly #dialect: Dialect;
  readonly #latencies: Latencies;
  #rest: Buffer = Buffer.alloc(0);

  constructor(dialect: Dialect, latencies: Latencies) {
    this.#dialect = dialect;
    this.#latencies = latencies;
  }

  /** Reads a chunk; its bytes may change afterwards. */
  read(chunk: Buffer): void {
    const nowUs = sharedNowUs();
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (;;) {
      const unit = this.#dialect.unitAt(bytes, start);
      if (unit === undefined) break;
      if (unit.pduAt !== undefined) {
        const stamp = bytes.readDoubleBE(start + unit.pduAt + HEADER_BYTES);
        if (stamp !== NO_STAMP) this.#latencies.record(nowUs - stamp);
      }
      start += unit.bytes;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
  }
}
