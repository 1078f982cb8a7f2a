/** Bytes of a PDU's header; also the least a PDU's length can be. */
export const HEADER_BYTES = 16;

/** The start of a PDU. On the wire: big-endian, unsigned. */
export interface Header {
  /** The whole PDU in bytes, header included. uint32. */
  readonly length: number;
  /** 1 in PDUs of a server; not checked in received ones. uint16. */
  readonly version: number;
  /** Unused, 0. uint16. */
  readonly flag: number;
  /** uint16; not checked, the command id alone decides. */
  readonly serviceId: number;
  /** uint16. */
  readonly commandId: number;
  /** Set by a requester, returned in the response. uint16. */
  readonly seqNum: number;
  /** Unused, 0. uint16. */
  readonly reserved: number;
}

/**
 * Reads the header at `offset` without checks: the length may be impossible.
 * @throws RangeError when there are fewer than HEADER_BYTES from there on.
 */
export function readHeader(bytes: Buffer, offset = 0): Header {
  return {
    length: bytes.readUInt32BE(offset),
    version: bytes.readUInt16BE(offset + 4),
    flag: bytes.readUInt16BE(offset + 6),
    serviceId: bytes.readUInt16BE(offset + 8),
    commandId: bytes.readUInt16BE(offset + 10),
    seqNum: bytes.readUInt16BE(offset + 12),
    reserved: bytes.readUInt16BE(offset + 14),
  };
}

/**
 * Writes a header at `offset`.
 * @throws RangeError when there is no room for it, or a field does not fit its width.
 */
export function writeHeader(bytes: Buffer, header: Header, offset = 0): void {
  bytes.writeUInt32BE(header.length, offset);
  bytes.writeUInt16BE(header.version, offset + 4);
  bytes.writeUInt16BE(header.flag, offset + 6);
  bytes.writeUInt16BE(header.serviceId, offset + 8);
  bytes.writeUInt16BE(header.commandId, offset + 10);
  bytes.writeUInt16BE(header.seqNum, offset + 12);
  bytes.writeUInt16BE(header.reserved, offset + 14);
}
