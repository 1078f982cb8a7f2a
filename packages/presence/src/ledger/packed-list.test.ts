import { expect, test } from 'vitest';
import { packNumbers, packTexts } from './packed-list.ts';

test('numbers are packed as decimal strings, in order', () => {
  const packed = packNumbers([0, 7, 10, 999, 1000, 4_294_967_295]);
  expect(packed.toString('latin1')).toBe('\xdc\0\x06\xa10\xa17\xa210\xa3999\xa41000\xaa4294967295');
  expect(packNumbers([]).toString('latin1')).toBe('\xdc\0\0');
});

test('strings are packed with their lengths, even the empty one', () => {
  expect(packTexts(['', 'node.1', 'w1']).toString('latin1')).toBe(
    '\xdc\0\x03\xd9\0\xd9\x06node.1\xd9\x02w1',
  );
});

test('a string that is too long is refused', () => {
  expect(packTexts(['x'.repeat(255)])).toHaveLength(3 + 2 + 255);
  expect(() => packTexts(['x'.repeat(256)])).toThrow(RangeError);
});
