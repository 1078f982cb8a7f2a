import { COMMANDS, HEADER_BYTES, writeHeader } from '@route/protocol';

const { serviceId, commandId } = COMMANDS.msg_data;

/** A message of `size` bytes, header included. Its body is arbitrary: a relay does not read it. */
export function loadPdu(pduBytes: number): Buffer {
  if (pduBytes < HEADER_BYTES) {
    throw new Error(`a PDU of ${pduBytes} bytes, expected at least ${HEADER_BYTES}`);
  }
  const pdu = Buffer.alloc(pduBytes, 'x');
  writeHeader(pdu, {
    length: pduBytes,
    version: 1,
    flag: 0,
    seqNum: 0,
    reserved: 0,
    serviceId,
    commandId,
  });
  return pdu;
}
