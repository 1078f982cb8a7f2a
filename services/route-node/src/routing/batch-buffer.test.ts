import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchBuffer } from './batch-buffer.ts';

const CHUNK_BYTES = 16 * 1024;
const MOST_RUN_BYTES = 32 * 1024;

function gathered(): { readonly run: BatchBuffer; readonly handed: Buffer[] } {
  const handed: Buffer[] = [];
  return { run: new BatchBuffer(CHUNK_BYTES, (bytes) => handed.push(bytes)), handed };
}

/** Distinguishable bytes in their own memory. */
function source(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >>> 8)) % 251;
  return bytes;
}

test('hands out all that was appended once, in order, in batches of bounded length', () => {
  const sources = [source(70_000), source(70_000).reverse()];
  // Source, length, distance from the piece before it, and whether to flush after it.
  const piece = fc.record({
    which: fc.nat(1),
    skip: fc.oneof(fc.constant(0), fc.nat(50)),
    length: fc.oneof(fc.nat(300), fc.integer({ min: 3_000, max: 9_000 })),
    handOut: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const { run, handed } = gathered();
      const added: Buffer[] = [];
      const at = [0, 0];
      for (const { which, skip, length, handOut } of pieces) {
        const bytes = sources[which] ?? Buffer.alloc(0);
        const start = Math.min((at[which] ?? 0) + skip, bytes.length);
        const end = Math.min(start + length, bytes.length);
        at[which] = end;
        run.append(bytes, start, end);
        added.push(bytes.subarray(start, end));
        if (handOut) run.flush();
      }
      run.flush();
      expect(Buffer.concat(handed).equals(Buffer.concat(added))).toBe(true);
      for (const { length } of handed) {
        expect(length).toBeGreaterThan(0);
        expect(length).toBeLessThanOrEqual(MOST_RUN_BYTES);
      }
    }),
  );
});

test('hands out long enough neighbouring PDUs as one slice', () => {
  const { run, handed } = gathered();
  const bytes = source(8_000);
  run.append(bytes, 0, 10);
  for (let at = 1_000; at < 7_000; at += 100) run.append(bytes, at, at + 100);
  run.flush();
  expect(handed.map(({ length }) => length)).toEqual([10, 6_000]);
  expect(handed[0]?.buffer).not.toBe(bytes.buffer);
  expect(handed[1]?.buffer).toBe(bytes.buffer);
});

test('copies a slice that would pin a much larger piece of memory', () => {
  const { run, handed } = gathered();
  const bytes = Buffer.alloc(64 * 1024);
  run.append(bytes, 0, 12_000);
  run.append(bytes, 20_000, 40_000);
  run.flush();
  expect(handed.map(({ length }) => length)).toEqual([12_000, 20_000]);
  expect(handed[0]?.buffer).not.toBe(bytes.buffer);
  expect(handed[1]?.buffer).toBe(bytes.buffer);
});

test('copies short pieces together and never overwrites them', () => {
  const { run, handed } = gathered();
  const bytes = source(1_000);
  for (let at = 0; at < 1_000; at += 20) run.append(bytes, at, at + 10);
  run.flush();
  expect(handed).toHaveLength(1);
  const before = Buffer.from(handed[0] ?? []);
  for (let at = 10; at < 1_000; at += 20) run.append(bytes, at, at + 10);
  run.flush();
  expect(handed[0]?.equals(before)).toBe(true);
});
