import { HEADER_BYTES } from '@route/protocol';
import { isTraffic, TRAFFIC_COMMAND_ID } from './traffic-pdu.ts';

const COMMAND_ID_AT = 10;

/** Receives what a scanner finds, in stream order. */
export interface ScannerSink {
  /** A traffic PDU starts at `at`, complete in `bytes`. */
  traffic(bytes: Buffer, at: number): void;
  /** Any other PDU, header included. */
  other(commandId: number, pdu: Buffer): void;
}

/**
 * Finds the PDUs in a link's stream. Independent of the product's Framer, which it helps to test.
 * It allocates nothing for traffic PDUs, so that millions can be checked.
 */
export class StreamScanner {
  readonly #sink: ScannerSink;
  #rest: Buffer = Buffer.alloc(0);

  constructor(sink: ScannerSink) {
    this.#sink = sink;
  }

  /**
   * Reads the stream's next bytes.
   * @throws Error on an impossible length: the node has broken its stream.
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
    // A copy, so that a few bytes do not retain the entire chunk.
    this.#rest = Buffer.from(bytes.subarray(at));
  }
}
