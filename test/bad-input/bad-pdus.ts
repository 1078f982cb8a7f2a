import { COMMANDS, type CommandName } from '@route/protocol';

/** A header as it stands on the wire, its length whatever it is said to be. */
export function headerOf(command: CommandName, length: number, seqNum = 0): Buffer {
  const { serviceId, commandId } = COMMANDS[command];
  const header = Buffer.alloc(16);
  header.writeUInt32BE(length, 0);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(serviceId, 8);
  header.writeUInt16BE(commandId, 10);
  header.writeUInt16BE(seqNum, 12);
  return header;
}

/** A whole PDU with any body, which need not be one of its command. */
export function pduWithBody(command: CommandName, body: Uint8Array): Buffer {
  return Buffer.concat([headerOf(command, 16 + body.length), body]);
}
