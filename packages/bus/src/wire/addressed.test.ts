import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ADDRESSED_KIND, addressed, readAddressed } from './addressed.ts';

const id = fc.stringMatching(/^[!-~]{1,32}$/);
const kind = fc.integer({ min: 0, max: 126 });
const bytes = fc.uint8Array({ maxLength: 50 }).map((content) => Buffer.from(content));

test('an entry for one node is read as it was written', () => {
  fc.assert(
    fc.property(id, fc.record({ kind, bytes }), (to, entry) => {
      const written = addressed(to, entry);
      expect(written.kind).toBe(ADDRESSED_KIND);
      expect(readAddressed(written.bytes)).toEqual({ to, entry });
    }),
  );
});

test('one that ends too early is none', () => {
  const { bytes: whole } = addressed('node', { kind: 1, bytes: Buffer.alloc(0) });
  for (let end = 0; end < whole.length; end++) {
    expect(readAddressed(whole.subarray(0, end))).toBeUndefined();
  }
});
