import { HEADER_BYTES } from '@route/protocol';
import { isTraffic, TRAFFIC_COMMAND_ID } from './traffic-pdu.ts';

const COMMAND_ID_AT = 10;

/** Where a scanner puts what it finds, in the order of the stream. */
export interface ScannerSink {
  /** A PDU of traffic begins at `at`; it lies in `bytes` as a whole. */
  traffic(bytes: Buffer, at: number): void;
  /** Any other PDU, header included. */
  other(commandId: number, pdu: Buffer): void;
}

/**
 * Finds the PDUs in what a link receives. Written apart from the product's Framer, which it helps to
 * test; allocates nothing for a PDU of traffic, so that millions can be checked.
 */
export class StreamScanner {
  readonly #sink: ScannerSink;
  #rest: Buffer = Buffer.alloc(0);

  constructor(sink: ScannerSink) {
    this.#sink = sink;
  }

  /**
   * Takes the stream's next bytes.
   * @throws Error when a length cannot be: the node has broken its stream.
   */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.length;
    let at = 0;
    while (end - at >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(at);
      if (length < HEADER_BYTES) throw new Error(`received a PDU length of ${length}`);
      if (length > end - at) break;
      const commandId = bytes.readUInt16BE(at + COMMAND_ID_AT);
      if (commandId === TRAFFIC_COMMAND_ID && isTraffic(bytes, at, length)) {
        this.#sink.traffic(bytes, at);
      } else {
        this.#sink.other(commandId, bytes.subarray(at, at + length));
      }
      at += length;
    }
    // A copy: a few bytes of a chunk must not keep the whole of it.
    this.#rest = Buffer.from(bytes.subarray(at));
  }
}
