import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMAND_COUNT, COMMAND_INDEX_BY_ID, COMMANDS, type Handling } from './commands.ts';
import { Framer, type PduSink } from './framer.ts';
import type { FramingError } from './framing-error.ts';
import { HEADER_BYTES, readHeader, writeHeader } from './header.ts';

const MAX_PDU_BYTES = 100_000;
const UNKNOWN_ID = 0x0799;

interface Delivery {
  readonly handling: Handling;
  readonly hex: string;
  readonly pduCount: number;
}

/** A framer and its output so far. */
function recordingFramer(maxPduBytes = MAX_PDU_BYTES) {
  const deliveries: Delivery[] = [];
  const slices: Buffer[] = [];
  const received = new Float64Array(COMMAND_COUNT);
  const record = (handling: Handling, bytes: Buffer, pduCount: number): void => {
    deliveries.push({ handling, hex: bytes.toString('hex'), pduCount });
    slices.push(bytes);
  };
  const sink: PduSink = { run: record, pdu: (handling, pdu) => record(handling, pdu, 1) };
  return { framer: new Framer({ maxPduBytes, sink, received }), deliveries, slices, received };
}

function pduOf(commandId: number, body: Uint8Array = new Uint8Array()): Buffer {
  const pdu = Buffer.alloc(HEADER_BYTES + body.length);
  const length = pdu.length;
  writeHeader(pdu, {
    length,
    version: 1,
    flag: 0,
    serviceId: 3,
    commandId,
    seqNum: 7,
    reserved: 0,
  });
  pdu.set(body, HEADER_BYTES);
  return pdu;
}

function handlingOf(pdu: Buffer): Handling {
  const { commandId } = readHeader(pdu);
  const command = Object.values(COMMANDS).find((known) => known.commandId === commandId);
  return command?.handling ?? 'ignore';
}

/** Deliveries one PDU each, so that streams cut differently can be compared. */
function pduByPdu(deliveries: readonly Delivery[]): Delivery[] {
  return deliveries.flatMap(({ handling, hex }) => {
    const bytes = Buffer.from(hex, 'hex');
    const single: Delivery[] = [];
    for (let offset = 0; offset < bytes.length; ) {
      const length = bytes.readUInt32BE(offset);
      const pdu = bytes.subarray(offset, offset + length);
      expect(pdu.length).toBe(length);
      single.push({ handling, hex: pdu.toString('hex'), pduCount: 1 });
      offset += length;
    }
    return single;
  });
}

/** The expected output for valid PDUs, one by one. */
function expectedOf(pdus: readonly Buffer[]): Delivery[] {
  return pdus
    .map((pdu) => ({ handling: handlingOf(pdu), hex: pdu.toString('hex'), pduCount: 1 }))
    .filter(({ handling }) => handling !== 'ignore' && handling !== 'heartbeat');
}

/** Cuts `bytes` at the given places, taken modulo its length. */
function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...places, bytes.length].map((end, i) => bytes.subarray(places[i - 1] ?? 0, end));
}

function pushAll(framer: Framer, chunks: readonly Buffer[]): FramingError | undefined {
  let error: FramingError | undefined;
  for (const chunk of chunks) error = framer.push(Buffer.from(chunk));
  return error;
}

const commandIds = [...Object.values(COMMANDS).map((command) => command.commandId), UNKNOWN_ID];
const anyPdu = fc
  .tuple(fc.constantFrom(...commandIds), fc.uint8Array({ maxLength: 60 }))
  .map(([commandId, body]) => pduOf(commandId, body));
const largePdu = fc
  .tuple(fc.constantFrom(...commandIds), fc.integer({ min: 4000, max: 20_000 }))
  .map(([commandId, size]) => pduOf(commandId, new Uint8Array(size).fill(size)));
const anyPdus = fc.array(
  fc.oneof({ weight: 9, arbitrary: anyPdu }, { weight: 1, arbitrary: largePdu }),
);

const MSG_A = pduOf(0x0301, Buffer.from('a'));
const READ_B = pduOf(0x0304, Buffer.from('bb'));
const SIGN_C = pduOf(0x0215, Buffer.from('c'));
const ROLE = pduOf(0x0707, Buffer.from('0801', 'hex'));
const HEARTBEAT = pduOf(0x0701);

describe('a framer', () => {
  it('cuts consecutive PDUs with the same route as one batch, for any commands', () => {
    const { framer, deliveries } = recordingFramer();
    framer.push(Buffer.concat([MSG_A, READ_B, SIGN_C, SIGN_C, MSG_A]));
    expect(deliveries).toEqual([
      { handling: 'relay-to-others', hex: hexOf(MSG_A, READ_B), pduCount: 2 },
      { handling: 'relay-to-all', hex: hexOf(SIGN_C, SIGN_C), pduCount: 2 },
      { handling: 'relay-to-others', hex: hexOf(MSG_A), pduCount: 1 },
    ]);
  });

  it('ends a run at a PDU that the node reads, that is a heartbeat or that is unknown', () => {
    for (const between of [ROLE, HEARTBEAT, pduOf(UNKNOWN_ID)]) {
      const { framer, deliveries } = recordingFramer();
      framer.push(Buffer.concat([MSG_A, MSG_A, between, MSG_A]));
      expect(deliveries).toEqual([
        { handling: 'relay-to-others', hex: hexOf(MSG_A, MSG_A), pduCount: 2 },
        ...expectedOf([between]),
        { handling: 'relay-to-others', hex: hexOf(MSG_A), pduCount: 1 },
      ]);
    }
  });

  it('delivers slices of the chunk, not copies', () => {
    const { framer, slices } = recordingFramer();
    const chunk = Buffer.concat([MSG_A, READ_B, ROLE]);
    framer.push(chunk);
    expect(slices.map((slice) => slice.buffer === chunk.buffer)).toEqual([true, true]);
  });

  it('copies only the PDU that straddles chunks, and releases it', () => {
    const { framer, slices } = recordingFramer();
    const stream = Buffer.concat([MSG_A, MSG_A, MSG_A]);
    const first = Buffer.from(stream.subarray(0, MSG_A.length + 5));
    const second = Buffer.from(stream.subarray(MSG_A.length + 5));
    framer.push(first);
    expect(framer.bufferedBytes).toBe(5);
    framer.push(second);
    expect(framer.bufferedBytes).toBe(0);
    first.fill(0xff);
    second.fill(0xff);
    expect(slices[1]?.equals(MSG_A)).toBe(true);
    expect(slices[2]?.equals(MSG_A)).toBe(false);
  });

  it('counts received PDUs by command, for any outcome', () => {
    const { framer, received } = recordingFramer();
    framer.push(Buffer.concat([MSG_A, HEARTBEAT, MSG_A, pduOf(UNKNOWN_ID), pduOf(0), ROLE]));
    const countOf = (commandId: number) => received[COMMAND_INDEX_BY_ID[commandId] ?? 0];
    expect([0x0301, 0x0701, 0x0707, UNKNOWN_ID].map(countOf)).toEqual([2, 1, 1, 2]);
    expect(received.reduce((sum, count) => sum + count)).toBe(6);
  });

  it('gives the same PDUs in the same order however the stream is cut', () => {
    fc.assert(
      fc.property(anyPdus, fc.array(fc.nat()), (pdus, cuts) => {
        const { framer, deliveries, received } = recordingFramer();
        expect(pushAll(framer, cutAt(Buffer.concat(pdus), cuts))).toBeUndefined();
        expect(pduByPdu(deliveries)).toEqual(expectedOf(pdus));
        expect(received.reduce((sum, count) => sum + count)).toBe(pdus.length);
        expect(framer.bufferedBytes).toBe(0);
      }),
    );
  });

  it('gives the same PDUs when they arrive byte by byte', () => {
    fc.assert(
      fc.property(fc.array(anyPdu, { maxLength: 12 }), (pdus) => {
        const { framer, deliveries } = recordingFramer();
        for (const byte of Buffer.concat(pdus)) framer.push(Buffer.from([byte]));
        expect(deliveries).toEqual(expectedOf(pdus));
      }),
    );
  });

  it('makes runs maximal within a chunk, and their bytes are the relayed PDUs', () => {
    fc.assert(
      fc.property(anyPdus, (pdus) => {
        const { framer, deliveries } = recordingFramer();
        framer.push(Buffer.concat(pdus));
        const runs = maximalRuns(pdus);
        expect(deliveries).toEqual(runs);
      }),
    );
  });

  it('never throws on garbage, and delivers only whole PDUs of the stream', () => {
    fc.assert(
      fc.property(garbage, fc.array(fc.nat()), (stream, cuts) => {
        const { framer, deliveries } = recordingFramer(200);
        const error = pushAll(framer, cutAt(stream, cuts));
        const { pdus, errorAt } = referenceCut(stream, 200);
        expect(pduByPdu(deliveries)).toEqual(expectedOf(pdus));
        expect(error === undefined).toBe(errorAt === undefined);
        if (error !== undefined && errorAt !== undefined) {
          const header = stream.subarray(errorAt, errorAt + HEADER_BYTES);
          expect(header.subarray(0, error.header.length).equals(error.header)).toBe(true);
        }
      }),
    );
  });
});

const garbage = fc
  .array(fc.oneof(anyPdu, fc.uint8Array({ maxLength: 40 }), fc.constant(Buffer.from([0, 0, 0]))))
  .map((parts) => Buffer.concat(parts));

function hexOf(...pdus: readonly Buffer[]): string {
  return Buffer.concat(pdus).toString('hex');
}

/**
 * The plainest cut of a whole stream: the offset of the first impossible length, and the PDUs
 * before it.
 */
function referenceCut(stream: Buffer, maxPduBytes: number) {
  const pdus: Buffer[] = [];
  let offset = 0;
  while (stream.length - offset >= 4) {
    const length = stream.readUInt32BE(offset);
    if (length < HEADER_BYTES || length > maxPduBytes) return { pdus, errorAt: offset };
    if (length > stream.length - offset) break;
    pdus.push(stream.subarray(offset, offset + length));
    offset += length;
  }
  return { pdus, errorAt: undefined };
}

/** Joins consecutive PDUs with the same route. */
function maximalRuns(pdus: readonly Buffer[]): Delivery[] {
  const runs: Delivery[] = [];
  let previous: Handling | undefined;
  for (const pdu of pdus) {
    const handling = handlingOf(pdu);
    const last = runs.at(-1);
    if (handling.startsWith('relay') && handling === previous && last !== undefined) {
      const { hex, pduCount } = last;
      runs[runs.length - 1] = { handling, hex: hex + hexOf(pdu), pduCount: pduCount + 1 };
    } else {
      runs.push(...expectedOf([pdu]));
    }
    previous = handling;
  }
  return runs;
}
