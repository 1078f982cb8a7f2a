import { COMMANDS, HEADER_BYTES, readHeader } from '@route/protocol';

const EMPTY = Buffer.alloc(0);

/** The languages that a load can speak: ours and NATS's text protocol. */
export const DIALECT_NAMES = ['route', 'nats'] as const;

export type DialectName = (typeof DIALECT_NAMES)[number];

/** What stands at the beginning of some received bytes. */
export interface Unit {
  readonly bytes: number;
  /** Where in it the PDU begins; undefined where it holds none. */
  readonly pduAt: number | undefined;
}

/** How PDUs travel to and from a server. What stands around a PDU has one size for each PDU size. */
export interface Dialect {
  /** What a link says first. */
  readonly opening: Buffer;
  /** What a link sends for one PDU. */
  wrap(pdu: Buffer): Buffer;
  /** Where in that the PDU begins. */
  wrappedPduAt(pduBytes: number): number;
  /** What has come whole from `start` on; undefined when it has not. */
  unitAt(bytes: Buffer, start: number): Unit | undefined;
  /** How many bytes every other link receives for it. */
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
  // Without echo nobody receives what it has sent itself, as with a route node.
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
