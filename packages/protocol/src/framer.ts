import {
  COMMAND_HANDLINGS,
  COMMAND_INDEX_BY_ID,
  type ReadHandling,
  type RelayHandling,
} from './commands.ts';
import {
  type FramingError,
  type FramingErrorCode,
  framingError,
  lengthErrorCode,
} from './framing-error.ts';
import { HEADER_BYTES } from './header.ts';
import { LENGTH_FIELD_BYTES, PartialPdu } from './partial-pdu.ts';

const COMMAND_ID_OFFSET = 10;

/** Receives a Framer's output, in stream order. Called from within push(). */
export interface PduSink {
  /** A batch of PDUs with the same route, one slice of the read buffer. */
  run(handling: RelayHandling, bytes: Buffer, pduCount: number): void;
  /** One whole PDU, header included, that the node reads itself. */
  pdu(handling: ReadHandling, pdu: Buffer): void;
}

/** Options of a Framer. */
export interface FramerOptions {
  /** The largest length accepted, header included. */
  readonly maxPduBytes: number;
  readonly sink: PduSink;
  /** PDUs received, by command index; shared by all links of a node. Length COMMAND_COUNT. */
  readonly received: Float64Array;
}

/**
 * Cuts a TCP stream, in any segments, into PDUs and batches of PDUs. Protocol: the command id alone
 * decides the route, so no body is read here.
 *
 * Batches and PDUs are slices of the pushed chunk; only a PDU that straddles chunks is copied.
 * The receiver may keep them, which keeps their chunk alive; the Framer itself keeps none.
 */
export class Framer {
  readonly #maxPduBytes: number;
  readonly #sink: PduSink;
  readonly #received: Float64Array;
  readonly #partial = new PartialPdu();
  #error: FramingError | undefined;
  #begun = 0;

  constructor(options: FramerOptions) {
    this.#maxPduBytes = options.maxPduBytes;
    this.#sink = options.sink;
    this.#received = options.received;
  }

  /** Bytes of an incomplete PDU. */
  get bufferedBytes(): number {
    return this.#partial.filled;
  }

  /** The length of the incomplete PDU by its header; undefined before its first 4 bytes. */
  get claimedBytes(): number | undefined {
    return this.#partial.claimedLength;
  }

  /** The number of PDUs that began in one chunk and did not end in it. */
  get begun(): number {
    return this.#begun;
  }

  /**
   * Reads the stream's next bytes and delivers every PDU they complete.
   * @returns an error once a header has an impossible length. All PDUs before it have been
   * delivered,
   * none after it will be, and every later call returns the same error.
   */
  push(chunk: Buffer): FramingError | undefined {
    if (this.#error !== undefined) return this.#error;
    const start = this.#partial.filled === 0 ? 0 : this.#completePartial(chunk);
    if (this.#error === undefined && start < chunk.length) this.#scan(chunk, start);
    return this.#error;
  }

  /** Continues the PDU that the last chunk ended in. Returns the number of bytes used. */
  #completePartial(chunk: Buffer): number {
    const partial = this.#partial;
    let taken = 0;
    if (partial.filled < LENGTH_FIELD_BYTES) taken = partial.fill(chunk, 0, LENGTH_FIELD_BYTES);
    const length = partial.claimedLength;
    if (length === undefined) return taken;

    const code = lengthErrorCode(length, this.#maxPduBytes);
    if (code !== undefined) {
      taken += partial.fill(chunk, taken, HEADER_BYTES);
      this.#fail(code, partial.take());
      return taken;
    }
    taken += partial.fill(chunk, taken, length);
    if (partial.filled === length) this.#scan(partial.take(), 0);
    return taken;
  }

  /**
   * Cuts everything from `start` on. The hot path: plain arithmetic, one slice a run, nothing
   * allocated a PDU.
   */
  #scan(chunk: Buffer, start: number): void {
    const received = this.#received;
    const end = chunk.length;
    let position = start;
    let runHandling: RelayHandling | undefined;
    let runStart = start;
    let runCount = 0;
    let code: FramingErrorCode | undefined;

    while (end - position >= LENGTH_FIELD_BYTES) {
      const length = chunk.readUInt32BE(position);
      code = lengthErrorCode(length, this.#maxPduBytes);
      if (code !== undefined || length > end - position) break;

      const index = COMMAND_INDEX_BY_ID[chunk.readUInt16BE(position + COMMAND_ID_OFFSET)] ?? 0;
      received[index] = (received[index] ?? 0) + 1;
      const handling = COMMAND_HANDLINGS[index] ?? 'ignore';
      const pduStart = position;
      position += length;
      if (handling === runHandling) {
        runCount++;
        continue;
      }

      if (runHandling !== undefined) {
        this.#sink.run(runHandling, chunk.subarray(runStart, pduStart), runCount);
        runHandling = undefined;
      }
      switch (handling) {
        case 'relay-to-others':
        case 'relay-to-all':
          runHandling = handling;
          runStart = pduStart;
          runCount = 1;
          break;
        case 'role-set':
        case 'snapshot':
        case 'status-update':
        case 'status-query':
          this.#sink.pdu(handling, chunk.subarray(pduStart, position));
          break;
        case 'heartbeat':
        case 'ignore':
          break;
      }
    }

    if (runHandling !== undefined) {
      this.#sink.run(runHandling, chunk.subarray(runStart, position), runCount);
    }
    if (code !== undefined) this.#fail(code, chunk.subarray(position));
    else if (position < end) this.#keepTail(chunk, position);
  }

  #keepTail(chunk: Buffer, position: number): void {
    this.#begun++;
    const available = chunk.length - position;
    const length = available < LENGTH_FIELD_BYTES ? HEADER_BYTES : chunk.readUInt32BE(position);
    this.#partial.fill(chunk, position, length);
  }

  #fail(code: FramingErrorCode, header: Buffer): void {
    this.#error = framingError(code, header, this.#maxPduBytes);
  }
}
