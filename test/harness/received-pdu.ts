const HEADER_BYTES = 16;

/** A whole PDU as it came. */
export interface ReceivedPdu {
  readonly version: number;
  readonly flag: number;
  readonly serviceId: number;
  readonly commandId: number;
  readonly seqNum: number;
  readonly reserved: number;
  readonly body: Buffer;
  /** All of it, header included. */
  readonly bytes: Buffer;
}

/**
 * Cuts whole PDUs off the beginning of a stream, by their lengths alone. Written apart from the
 * product's Framer, which the tests are to test.
 * @throws Error when a length cannot be: the node has broken its stream.
 */
export function cutPdus(stream: Buffer): { readonly pdus: ReceivedPdu[]; readonly rest: Buffer } {
  const pdus: ReceivedPdu[] = [];
  let start = 0;
  while (stream.length - start >= HEADER_BYTES) {
    const length = stream.readUInt32BE(start);
    if (length < HEADER_BYTES) throw new Error(`received a PDU length of ${length}`);
    if (length > stream.length - start) break;
    pdus.push(takeApart(stream.subarray(start, start + length)));
    start += length;
  }
  return { pdus, rest: stream.subarray(start) };
}

function takeApart(bytes: Buffer): ReceivedPdu {
  return {
    version: bytes.readUInt16BE(4),
    flag: bytes.readUInt16BE(6),
    serviceId: bytes.readUInt16BE(8),
    commandId: bytes.readUInt16BE(10),
    seqNum: bytes.readUInt16BE(12),
    reserved: bytes.readUInt16BE(14),
    body: bytes.subarray(HEADER_BYTES),
    bytes,
  };
}
