const EMPTY = Buffer.alloc(0);

/** The languages that a load can speak: ours and NATS's text protocol. */
export const DIALECT_NAMES = ['route', 'nats'] as const;

export type DialectName = (typeof DIALECT_NAMES)[number];

/** How PDUs travel to and from a server. What stands around a PDU has one size for each PDU size. */
export interface Dialect {
  /** What a link says first. */
  readonly opening: Buffer;
  /** What a link sends for one PDU. */
  wrap(pdu: Buffer): Buffer;
  /** How many bytes every other link receives for it. */
  receivedBytes(pduBytes: number): number;
}

const SUBJECT = 'b';
const SUBSCRIPTION = '1';

const nats: Dialect = {
  // Without echo nobody receives what it has sent itself, as with a route node.
  opening: Buffer.from(
    `CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nSUB ${SUBJECT} ${SUBSCRIPTION}\r\n`,
  ),
  wrap: (pdu) =>
    Buffer.concat([Buffer.from(`PUB ${SUBJECT} ${pdu.length}\r\n`), pdu, Buffer.from('\r\n')]),
  receivedBytes: (pduBytes) =>
    `MSG ${SUBJECT} ${SUBSCRIPTION} ${pduBytes}\r\n`.length + pduBytes + 2,
};

const route: Dialect = {
  opening: EMPTY,
  wrap: (pdu) => pdu,
  receivedBytes: (pduBytes) => pduBytes,
};

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { route, nats };
