import { COMMANDS, HEADER_BYTES, MSG_TYPE, writeHeader } from '@route/protocol';
import { type Mailboxes, mailboxOf } from './expected-deliveries.ts';

const { serviceId, commandId } = COMMANDS.msg_data;

/** The command of traffic PDUs: relayed to all other links without reading the body. */
export const TRAFFIC_COMMAND_ID: number = commandId;

/** Prefix of a broadcast's content: none, so its body is no protobuf. */
const NO_FIELDS = Buffer.alloc(0);

/**
 * Prefix of a PDU to one user: the fields of an MSG_DATA up to the length of its msg_data. The ids
 * have five bytes each, at {@link FROM_AT} and {@link TO_AT}.
 */
const FIELDS = Buffer.from([
  ...[0x08, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0],
  ...[0x18, 1, 0x20, 1, 0x28, MSG_TYPE.singleText, 0x32, 0, 0],
]);
const FROM_AT = HEADER_BYTES + 1;
const TO_AT = HEADER_BYTES + 7;

/** The content's first bytes, unique to traffic. */
const MAGIC = 0x7fab1e55;

/** Fills the rest of a content. */
const FILLING = '.';

const SENDER_AT = 4;
const SEQUENCE_AT = 8;
const TIME_AT = 12;
const CONTENT_BYTES = 20;

/** The shortest traffic PDU: header, magic, sender, sequence number, time. */
const MIN_TRAFFIC_BYTES: number = HEADER_BYTES + CONTENT_BYTES;

/** performance.now() starts at 0 in each process; the clock below it is shared. */
const CLOCK_OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds on a clock shared by all processes of this machine. */
export function sharedNowMs(): number {
  return CLOCK_OFFSET_MS + performance.now();
}

/** A batch of one sender's PDUs in one buffer. */
export interface TrafficBlock {
  readonly sender: number;
  /** Sequence number of the first; a sender's first PDU has 1. */
  readonly first: number;
  readonly count: number;
  /** Length of each PDU, header included. */
  readonly pduBytes: number;
  readonly sentAtMs: number;
  /** Their recipients; broadcasts by default. */
  readonly mailboxes?: Mailboxes;
  /** The sending user; unused for broadcasts. */
  readonly fromUserId?: number;
}

/** Writes PDUs: MSG_DATA with sender, sequence number and time in it. */
export function makeTrafficBlock(block: TrafficBlock): Buffer {
  const { sender, first, count, pduBytes, sentAtMs, mailboxes = [], fromUserId = 0 } = block;
  const bytes = Buffer.allocUnsafe(count * pduBytes);
  const [forAll, forOne] = [templateOf(pduBytes, NO_FIELDS), templateOf(pduBytes, FIELDS)];
  for (let i = 0, at = 0; i < count; i++, at += pduBytes) {
    const mailbox = mailboxOf(first + i, mailboxes);
    if (mailbox === undefined) {
      forAll.copy(bytes, at);
    } else {
      forOne.copy(bytes, at);
      writeLongVarint(bytes, at + FROM_AT, fromUserId);
      writeLongVarint(bytes, at + TO_AT, mailbox);
    }
    const content = contentAt(bytes, at);
    bytes.writeUInt32BE(sender, content + SENDER_AT);
    bytes.writeUInt32BE(first + i, content + SEQUENCE_AT);
    bytes.writeDoubleBE(sentAtMs, content + TIME_AT);
  }
  return bytes;
}

const templates = new Map<Buffer, Map<number, Buffer>>();

/** A PDU without users, sender, sequence number and time. */
function templateOf(pduBytes: number, fields: Buffer): Buffer {
  const ofFields = templates.get(fields) ?? new Map<number, Buffer>();
  templates.set(fields, ofFields);
  const known = ofFields.get(pduBytes);
  if (known !== undefined) return known;
  const least = MIN_TRAFFIC_BYTES + FIELDS.length;
  if (pduBytes < least)
    throw new RangeError(`PDUs of ${pduBytes} bytes, expected at least ${least}`);
  const template = Buffer.alloc(pduBytes, FILLING);
  const header = { length: pduBytes, version: 1, flag: 0, seqNum: 0, reserved: 0 };
  writeHeader(template, { ...header, serviceId, commandId });
  const contentStart = HEADER_BYTES + fields.length;
  fields.copy(template, HEADER_BYTES);
  if (fields.length > 0) {
    const length = pduBytes - contentStart;
    template[contentStart - 2] = (length & 0x7f) | 0x80;
    template[contentStart - 1] = length >>> 7;
  }
  template.writeUInt32BE(MAGIC, contentStart);
  ofFields.set(pduBytes, template);
  return template;
}

/** A varint padded to five bytes. */
function writeLongVarint(bytes: Buffer, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = ((value >>> (7 * i)) & 0x7f) | 0x80;
  bytes[at + 4] = value >>> 28;
}

function contentAt(bytes: Buffer, at: number): number {
  const start = at + HEADER_BYTES;
  return bytes.readUInt32BE(start) === MAGIC ? start : start + FIELDS.length;
}

/** Whether the PDU of this length at `at` is a traffic PDU. */
export function isTraffic(bytes: Buffer, at: number, length: number): boolean {
  if (length < MIN_TRAFFIC_BYTES) return false;
  if (bytes.readUInt32BE(at + HEADER_BYTES) === MAGIC) return true;
  const content = at + HEADER_BYTES + FIELDS.length;
  return length >= MIN_TRAFFIC_BYTES + FIELDS.length && bytes.readUInt32BE(content) === MAGIC;
}

/** Returns the sender of the traffic PDU at `at`. */
export function senderAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(contentAt(bytes, at) + SENDER_AT);
}

/** Returns its sequence number. */
export function sequenceAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(contentAt(bytes, at) + SEQUENCE_AT);
}

/** Returns its time of sending, by {@link sharedNowMs}. */
export function sentAtMs(bytes: Buffer, at: number): number {
  return bytes.readDoubleBE(contentAt(bytes, at) + TIME_AT);
}
