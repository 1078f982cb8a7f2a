import { COMMANDS, HEADER_BYTES, writeHeader } from '@route/protocol';

const { serviceId, commandId } = COMMANDS.msg_data;

/** The command that traffic travels as: relayed to all other links, its body unread. */
export const TRAFFIC_COMMAND_ID: number = commandId;

/** The first bytes of a body of ours; no MSG_DATA of anybody else begins so. */
const MAGIC = 0x7fab1e55;

/** What a body is filled up with. */
const FILLING = '.';

const MAGIC_AT = HEADER_BYTES;
const SENDER_AT = MAGIC_AT + 4;
const SEQUENCE_AT = SENDER_AT + 4;
const TIME_AT = SEQUENCE_AT + 4;

/** The shortest PDU of traffic: header, magic, sender, sequence number, time. */
export const MIN_TRAFFIC_BYTES: number = TIME_AT + 8;

/** performance.now() begins anew in each process; the clock under it does not. */
const CLOCK_OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds that mean the same in every process of this machine. */
export function sharedNowMs(): number {
  return CLOCK_OFFSET_MS + performance.now();
}

/** One sender's neighbouring PDUs in one buffer. */
export interface TrafficBlock {
  readonly sender: number;
  /** The first one's sequence number; a sender's first PDU has 1. */
  readonly first: number;
  readonly count: number;
  /** Of each PDU, header included. */
  readonly pduBytes: number;
  readonly sentAtMs: number;
}

/** Writes PDUs: MSG_DATA whose body is sender, sequence number and time, and no protobuf. */
export function makeTrafficBlock(block: TrafficBlock): Buffer {
  const { sender, first, count, pduBytes, sentAtMs } = block;
  const bytes = Buffer.alloc(count * pduBytes, templateOf(pduBytes));
  for (let i = 0, at = 0; i < count; i++, at += pduBytes) {
    bytes.writeUInt32BE(sender, at + SENDER_AT);
    bytes.writeUInt32BE(first + i, at + SEQUENCE_AT);
    bytes.writeDoubleBE(sentAtMs, at + TIME_AT);
  }
  return bytes;
}

const templates = new Map<number, Buffer>();

/** A PDU in which only sender, sequence number and time are lacking. */
function templateOf(pduBytes: number): Buffer {
  const known = templates.get(pduBytes);
  if (known !== undefined) return known;
  if (pduBytes < MIN_TRAFFIC_BYTES) {
    throw new RangeError(`PDUs of ${pduBytes} bytes, expected at least ${MIN_TRAFFIC_BYTES}`);
  }
  const template = Buffer.alloc(pduBytes, FILLING);
  const header = { length: pduBytes, version: 1, flag: 0, seqNum: 0, reserved: 0 };
  writeHeader(template, { ...header, serviceId, commandId });
  template.writeUInt32BE(MAGIC, MAGIC_AT);
  templates.set(pduBytes, template);
  return template;
}

/** Whether the PDU that begins at `at` and is so long is one of traffic. */
export function isTraffic(bytes: Buffer, at: number, length: number): boolean {
  return length >= MIN_TRAFFIC_BYTES && bytes.readUInt32BE(at + MAGIC_AT) === MAGIC;
}

/** Who has sent the PDU of traffic that begins at `at`. */
export function senderAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + SENDER_AT);
}

/** Its number among its sender's. */
export function sequenceAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + SEQUENCE_AT);
}

/** When it was sent, by {@link sharedNowMs}. */
export function sentAtMs(bytes: Buffer, at: number): number {
  return bytes.readDoubleBE(at + TIME_AT);
}
