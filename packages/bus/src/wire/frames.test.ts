import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Ack, decodeAck, encodeAck } from './ack-frame.ts';
import { decodeEnvelope, encodeEnvelope } from './addressed.ts';
import {
  type DataFrame,
  decodeData,
  decodeLeave,
  encodeData,
  encodeLeave,
  sizeOf,
} from './data-frame.ts';
import { type Header, isNodeId, MAX_SEQUENCE, readForeign, readHeader } from './header.ts';
import { decodeHeartbeat, encodeHeartbeat, type Heartbeat } from './heartbeat-frame.ts';

const short = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const long = fc
  .tuple(fc.integer({ min: 4000, max: 9000 }), fc.integer({ min: 0, max: 255 }))
  .map(([length, fill]) => Buffer.alloc(length, fill));
const bytes = fc.oneof({ weight: 4, arbitrary: short }, { weight: 1, arbitrary: long });
const sequence = fc.integer({ min: 0, max: MAX_SEQUENCE });
const node = fc.stringMatching(/^[!-~]{1,32}$/);
const entries = fc.array(fc.record({ kind: fc.integer({ min: 0, max: 127 }), bytes }));

function header(frame: Buffer): Header {
  const read = readHeader(frame);
  if (read === undefined) throw new Error('the frame has no header');
  return read;
}

function readData(frame: Buffer, reader: string): DataFrame | undefined {
  return decodeData(header(frame), frame, reader);
}

describe('a data frame', () => {
  test('reads as it was written', () => {
    fc.assert(
      fc.property(
        node,
        fc.integer({ min: 1, max: MAX_SEQUENCE }),
        fc.boolean(),
        entries,
        (sender, number, asksAck, list) => {
          const origin = { sender, sequence: number, flags: asksAck ? 1 : 0 };
          const frame = Buffer.concat(encodeData(origin, list, new Set()));
          const expected = { sender, sequence: number, prevSeq: number - 1, asksAck };
          expect(readData(frame, 'reader')).toEqual({ ...expected, entries: list });
        },
      ),
    );
  });

  test('tells each node what it gets before it, where that is not the frame right before', () => {
    const nodes = fc.uniqueArray(node, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        nodes,
        fc.integer({ min: 1, max: MAX_SEQUENCE }),
        entries,
        (all, number, list) => {
          const prevSeqs = all.map((name, i) => ({
            node: name,
            prevSeq: Math.floor(number / (i + 2)),
          }));
          const origin = { sender: 'a', sequence: number, prevSeqs };
          const frame = Buffer.concat(encodeData(origin, list, new Set()));
          for (const { node: name, prevSeq } of prevSeqs) {
            expect(readData(frame, name)).toMatchObject({ prevSeq, entries: list });
          }
          expect(readData(frame, 'another node')).toMatchObject({ prevSeq: number - 1 });
          const leave = encodeLeave(origin);
          expect(decodeLeave(header(leave), leave, all[0] ?? '')).toBe(prevSeqs[0]?.prevSeq);
          expect(decodeLeave(header(leave), leave, 'another node')).toBe(number);
        },
      ),
    );
  });

  test('keeps the bytes of a mergeable kind in order, in as few entries as there are changes', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ kind: fc.integer({ min: 1, max: 2 }), bytes })), (list) => {
        const pieces = encodeData({ sender: 'a', sequence: 1 }, list, new Set([1, 2]));
        const read = readData(Buffer.concat(pieces), 'b');
        const kinds = list.map(({ kind }) => kind).filter((kind, i, all) => kind !== all[i - 1]);
        expect(read?.entries.map(({ kind }) => kind)).toEqual(kinds);
        expect(Buffer.concat((read?.entries ?? []).map((entry) => entry.bytes))).toEqual(
          Buffer.concat(list.map((entry) => entry.bytes)),
        );
      }),
    );
  });
});

test('of a data frame only small entries are copied', () => {
  const run = Buffer.alloc(5000);
  const list = [
    { kind: 1, bytes: run },
    { kind: 2, bytes: Buffer.from('small') },
    { kind: 1, bytes: run },
    { kind: 1, bytes: run },
  ];
  const pieces = encodeData({ sender: 'a', sequence: 1 }, list, new Set([1]));
  expect(pieces.filter((piece) => piece === run)).toHaveLength(3);
  expect(pieces).toHaveLength(5);
  expect(sizeOf(pieces)).toBe(Buffer.concat(pieces).length);
});

test('a heartbeat reads as it was written, and is small whatever the cluster', () => {
  const heartbeat: fc.Arbitrary<Heartbeat> = fc
    .record({
      ...{ sender: node, tail: sequence, seq: fc.integer({ min: 1, max: MAX_SEQUENCE }) },
      ...{ asksAck: fc.boolean(), hearsOwn: fc.boolean() },
    })
    .map((fields) => ({ ...fields, tailForAll: Math.floor(fields.tail / 2) }));
  fc.assert(
    fc.property(heartbeat, (written) => {
      const frame = encodeHeartbeat(written);
      expect(decodeHeartbeat(header(frame), frame)).toEqual(written);
      expect(frame.length).toBeLessThan(60);
    }),
  );
});

test('an ack reads as it was written', () => {
  const ack: fc.Arbitrary<Ack> = fc
    .record({
      ...{ sender: node, to: node, tail: sequence, heard: sequence, credited: sequence },
      acked: fc.option(sequence),
      hearingMs: fc.nat(),
      missing: fc.array(fc.record({ first: sequence, last: sequence }), { maxLength: 32 }),
      silent: fc.array(fc.record({ node, silentMs: fc.nat() }), { maxLength: 5 }),
      ...{ asksAck: fc.boolean(), restart: fc.boolean(), queued: fc.boolean() },
    })
    .map((fields) => {
      const { tail } = fields;
      return { ...fields, owed: tail, last: tail, gone: Math.floor(tail / 2) };
    });
  fc.assert(
    fc.property(ack, (written) => {
      const frame = encodeAck(written);
      expect(decodeAck(header(frame), frame)).toEqual(written);
    }),
  );
});

test('a frame in an envelope is read by the node that it is for, and by no other', () => {
  const heartbeat = { sender: 'a', tail: 5, tailForAll: 5, seq: 1 };
  const inner = encodeHeartbeat({ ...heartbeat, asksAck: false, hearsOwn: false });
  const frame = Buffer.concat(encodeEnvelope('a', 'b', [inner]));
  expect(decodeEnvelope(header(frame), frame, 'b')).toEqual(inner);
  expect(decodeEnvelope(header(frame), frame, 'c')).toBeUndefined();
});

test('numbers that no node can have sent are refused', () => {
  const far = { sender: 'a', sequence: 2 ** 48 - 1 };
  expect(readHeader(encodeLeave(far))).toBeUndefined();
  const heartbeat = { sender: 'a', tail: 5, asksAck: false, hearsOwn: true };
  for (const wrong of [
    { ...heartbeat, tailForAll: 6, seq: 1 },
    { ...heartbeat, tailForAll: 5, seq: 0 },
    { ...heartbeat, tailForAll: 5, seq: 2 ** 48 - 1 },
  ]) {
    const frame = encodeHeartbeat(wrong);
    expect(decodeHeartbeat(header(frame), frame)).toBeUndefined();
  }
});

test('a frame of another version is reported with version and sender, and not decoded', () => {
  const frame = encodeLeave({ sender: 'k3f', sequence: 1 });
  expect(readForeign(frame)).toBeUndefined();
  frame[0] = 1;
  expect(readHeader(frame)).toBeUndefined();
  expect(readForeign(frame)).toEqual({ version: 1, sender: 'k3f' });
  expect(readForeign(Buffer.from([9, 9]))).toEqual({ version: 9, sender: undefined });
});

test('a node id is ASCII without spaces, of 1 to 32 bytes', () => {
  expect(['a', 'node-1.2:3', 'x'.repeat(32)].map(isNodeId)).toEqual([true, true, true]);
  expect(['', 'a b', 'é', 'x'.repeat(33)].map(isNodeId)).toEqual([false, false, false, false]);
});
