import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeData, decodeLeave, encodeData, encodeLeave, sizeOf } from './frame.ts';
import { isNodeId } from './header.ts';
import { decodeStatus, encodeStatus } from './status.ts';

const short = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const long = fc
  .tuple(fc.integer({ min: 4000, max: 9000 }), fc.integer({ min: 0, max: 255 }))
  .map(([length, fill]) => Buffer.alloc(length, fill));
const bytes = fc.oneof({ weight: 4, arbitrary: short }, { weight: 1, arbitrary: long });
const sequence = fc.integer({ min: 0, max: 2 ** 48 - 2 });
const node = fc.stringMatching(/^[!-~]{1,32}$/);
const entries = fc.array(fc.record({ kind: fc.integer({ min: 0, max: 127 }), bytes }));
const peers = fc.array(
  fc.record({
    node,
    owed: sequence,
    got: fc.option(sequence),
    taken: sequence,
    missing: fc.array(fc.record({ first: sequence, last: sequence }), { maxLength: 32 }),
    last: fc.option(sequence, { nil: undefined }),
    gone: fc.option(sequence, { nil: undefined }),
    heard: sequence,
  }),
);

describe('a data frame', () => {
  test('reads as it was written', () => {
    fc.assert(
      fc.property(node, sequence, entries, (sender, number, list) => {
        const frame = Buffer.concat(encodeData({ sender, sequence: number }, list, new Set()));
        const expected = { type: 'data', sender, sequence: number, before: number - 1 };
        expect(decodeData(frame, 'reader')).toEqual({ ...expected, entries: list });
      }),
    );
  });

  test('tells each node what it gets before it, where that is not the frame right before', () => {
    const nodes = fc.uniqueArray(node, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(nodes, fc.integer({ min: 1, max: 2 ** 48 - 2 }), entries, (all, number, list) => {
        const befores = all.map((name, i) => ({
          node: name,
          before: Math.floor(number / (i + 2)),
        }));
        const origin = { sender: 'a', sequence: number, befores };
        const frame = Buffer.concat(encodeData(origin, list, new Set()));
        for (const { node: name, before } of befores) {
          expect(decodeData(frame, name)).toMatchObject({ before, entries: list });
        }
        expect(decodeData(frame, 'another node')).toMatchObject({ before: number - 1 });
        const leave = encodeLeave(origin);
        expect(decodeLeave(leave, all[0] ?? '')).toBe(befores[0]?.before);
        expect(decodeLeave(leave, 'another node')).toBe(number);
      }),
    );
  });

  test('keeps the bytes of a mergeable kind in order, in as few entries as there are changes', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ kind: fc.integer({ min: 1, max: 2 }), bytes })), (list) => {
        const pieces = encodeData({ sender: 'a', sequence: 1 }, list, new Set([1, 2]));
        const read = decodeData(Buffer.concat(pieces), 'b');
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

test('a status reads as it was written', () => {
  const status = fc.record({
    ...{ sender: node, tail: sequence, base: sequence, peers },
    ...{ word: sequence, asksWord: fc.boolean(), hearsOwn: fc.boolean() },
  });
  fc.assert(
    fc.property(status, (written) => {
      expect(decodeStatus(encodeStatus(written))).toEqual({ type: 'status', ...written });
    }),
  );
});

test('a status of an earlier version, which ends before the flags, hears nothing of its own', () => {
  const said = { sender: 'a', tail: 1, base: 1, word: 9, asksWord: true, hearsOwn: true };
  const frame = encodeStatus({ ...said, peers: [] });
  const earlier = { sender: 'a', tail: 1, base: 1, word: 0, asksWord: false, hearsOwn: false };
  expect(decodeStatus(frame.subarray(0, -7))).toMatchObject(earlier);
});

test('bytes that are no frame are refused, never thrown at', () => {
  const list = [{ kind: 1, bytes: Buffer.from('abc') }];
  const whole = Buffer.concat(encodeData({ sender: 'a', sequence: 1 }, list, new Set()));
  expect(decodeData(whole.subarray(0, whole.length - 1), 'b')).toBeUndefined();
  fc.assert(
    fc.property(bytes, fc.integer({ min: 0, max: 5 }), (noise, type) => {
      const frame = Buffer.concat([Buffer.from([1, type]), noise]);
      decodeData(frame, 'b');
      decodeLeave(frame, 'b');
      decodeStatus(frame);
    }),
  );
});

test('a node id is ASCII without spaces, of 1 to 32 bytes', () => {
  expect(['a', 'node-1.2:3', 'x'.repeat(32)].map(isNodeId)).toEqual([true, true, true]);
  expect(['', 'a b', 'é', 'x'.repeat(33)].map(isNodeId)).toEqual([false, false, false, false]);
});
