import { COMMANDS, HEADER_BYTES, readHeader } from '@route/protocol';

const EMPTY = Buffer.alloc(0);

/** The protocols that a load can speak: route PDUs and the NATS text protocol. */
const DIALECT_NAMES = ['route', 'nats'] as const;

export type DialectName = (typeof DIALECT_NAMES)[number];

/** The first unit in some received bytes. */
export interface Unit {
  readonly bytes: number;
  /** Offset of the PDU; undefined without one. */
  readonly pduAt: number | undefined;
}

/** Frames PDUs for a server. The overhead has one size for each PDU size. */
export interface Dialect {
  /** The first bytes that a link sends. */
  readonly opening: Buffer;
  /** The bytes that a link sends for one PDU. */
  wrap(pdu: Buffer): Buffer;
  /** Offset of the PDU in them. */
  wrappedPduAt(pduBytes: number): number;
  /** Parses the complete unit at `start`; undefined if incomplete. */
  unitAt(bytes: Buffer, start: number): Unit | undefined;
  /** Number of bytes that every other link receives for it. */
  receivedBytes(pduBytes: number): number;
}

const SUBJECT = 'b';
const SUBSCRIPTION = '1';
const NATS_END = Buffer.from('\r\n');

function natsHead(verb: 'PUB' | 'MSG', pduBytes: number): Buffer {
  const names = verb === 'PUB' ? SUBJECT : `${SUBJECT} ${SUBSCRIPTION}`;
  return Buffer.from(`${verb} ${names} ${pduBytes}\r\n`);
}

const nats: Dialect = {
  // Without echo a sender does not receive its own messages, as with a route node.
  opening: Buffer.from(
    `CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nSUB ${SUBJECT} ${SUBSCRIPTION}\r\n`,
  ),
  wrap: (pdu) => Buffer.concat([natsHead('PUB', pdu.length), pdu, NATS_END]),
  wrappedPduAt: (pduBytes) => natsHead('PUB', pduBytes).length,
  unitAt: (bytes, start) => {
    const end = bytes.indexOf('\r\n', start);
    if (end < 0) return undefined;
    const head = bytes.toString('latin1', start, end);
    const headBytes = head.length + NATS_END.length;
    if (!head.startsWith('MSG ')) return { bytes: headBytes, pduAt: undefined };
    const pduBytes = Number(head.slice(head.lastIndexOf(' ') + 1));
    const unitBytes = headBytes + pduBytes + NATS_END.length;
    return start + unitBytes > bytes.length ? undefined : { bytes: unitBytes, pduAt: headBytes };
  },
  receivedBytes: (pduBytes) => natsHead('MSG', pduBytes).length + pduBytes + NATS_END.length,
};

const route: Dialect = {
  opening: EMPTY,
  wrap: (pdu) => pdu,
  wrappedPduAt: () => 0,
  unitAt: (bytes, start) => {
    if (start + HEADER_BYTES > bytes.length) return undefined;
    const { length, commandId } = readHeader(bytes, start);
    if (start + length > bytes.length) return undefined;
    return { bytes: length, pduAt: commandId === COMMANDS.msg_data.commandId ? 0 : undefined };
  },
  receivedBytes: (pduBytes) => pduBytes,
};

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { route, nats };
