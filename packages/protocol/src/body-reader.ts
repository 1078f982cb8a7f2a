import protobuf from 'protobufjs';
import { HEADER_BYTES } from './header.ts';

/**
 * Reads the parts of a body. Protocol: varints longer than needed are valid, the low 32 bits count.
 * The library limits tags and lengths to 5 bytes; here they follow the rule of every varint. A
 * length past the end still fails.
 */
export class LenientReader extends protobuf.BufferReader {
  override tag(): number {
    return this.uint32();
  }

  override size(): number {
    return this.uint32();
  }
}

/** How values are written. Protocol Buffers: wire types. */
export const WIRE = { varint: 0, eightBytes: 1, lengthFirst: 2, group: 3, fourBytes: 5 } as const;

/** Maximum bytes of groups in one body. No writer uses groups; 16 MiB take a fifth of a second. */
const MOST_GROUP_BYTES = 64 * 1024;

/** A field whose value is still to be read or skipped. */
export interface Field {
  readonly number: number;
  readonly wire: number;
}

/**
 * Iterates over the fields of a whole PDU's body one by one, so that a body with a million of them
 * can be read in slices. Every method throws where the body does not parse.
 */
export class BodyReader {
  readonly #pdu: Buffer;
  readonly #reader: LenientReader;
  #end: number;
  #depth = 0;
  #groupBytesLeft = MOST_GROUP_BYTES;

  constructor(pdu: Buffer, at = HEADER_BYTES) {
    this.#pdu = pdu;
    this.#reader = new LenientReader(pdu);
    this.#reader.pos = at;
    this.#end = pdu.length;
  }

  /** Where the next field begins. */
  get at(): number {
    return this.#reader.pos;
  }

  get isAtEnd(): boolean {
    return this.#reader.pos >= this.#end;
  }

  /** Reads the tag of the next field. */
  field(): Field {
    const tag = this.#reader.tag();
    return { number: tag >>> 3, wire: tag & 7 };
  }

  uint32(): number {
    return this.#reader.uint32();
  }

  /** A slice of the PDU. */
  bytes(): Buffer {
    const length = this.#reader.size();
    const start = this.#reader.pos;
    this.#reader.skip(length);
    return this.#pdu.subarray(start, start + length);
  }

  /**
   * Leaves out a field's value. A body with more bytes of groups than one needs is not read to its
   * end.
   */
  skip({ number, wire }: Field): void {
    const reader = this.#reader;
    const { len, pos } = reader;
    if (wire === WIRE.group) reader.len = Math.min(len, pos + this.#groupBytesLeft);
    reader.skipType(wire, this.#depth, number);
    if (wire === WIRE.group) this.#groupBytesLeft -= reader.pos - pos;
    reader.len = len;
  }

  /** Reads a length-delimited value. */
  within(read: () => void): void {
    const reader = this.#reader;
    const [end, length] = [this.#end, reader.len];
    const innerEnd = reader.size() + reader.pos;
    if (innerEnd > length) throw new RangeError('a length goes past the end');
    reader.len = innerEnd;
    this.#end = innerEnd;
    this.#depth++;
    read();
    if (reader.pos !== innerEnd) throw new RangeError('a value goes past its end');
    this.#depth--;
    reader.len = length;
    this.#end = end;
  }
}
